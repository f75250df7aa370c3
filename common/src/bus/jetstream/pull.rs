//! What a member asks one consumer for, and the answers.
//!
//! A request is answered with what there is, at once; where there is nothing, with the first that
//! comes within [`EXPIRES`]. Either way it is over then, so nothing comes that nobody waits for. It
//! ends with a status, or with as many messages as it asked for.
//!
//! **A request cannot be taken back.** The servers forget it when nobody listens for its answer any
//! more, and what they had sent by then is lost to everybody for [`super::Options::ack_wait`]: the
//! driver drops what comes for a subscription that it has ended. So whoever leaves waits until
//! requests are over, and they are short. Rejected: longer ones with signs of life in between,
//! which cost less while nothing happens, and keep whoever leaves as long.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::BatchConfig;
use async_nats::{Message, StatusCode, Subject, Subscriber};
use futures_util::{Future as _, Stream as _};
use tokio::time::{Sleep, sleep};

use super::streams::down;
use crate::bus::BusDown;

/// How long a request waits for a first message.
pub(super) const EXPIRES: Duration = Duration::from_secs(1);

/// How much silence means that the servers do not know of a request any more.
const SILENCE: Duration = Duration::from_secs(12);

/// Most bytes in the answer to one request.
const MAX_BYTES: usize = 4 << 20;

/// A message as it came.
pub(super) struct Arrived {
    /// The index of its source.
    pub(super) source: usize,
    pub(super) message: Message,
    /// Where it is acknowledged.
    pub(super) reply: Subject,
}

/// One consumer, asked now and then.
pub(super) struct Source {
    pub(super) subject: &'static str,
    index: usize,
    consumer: PullConsumer,
    inbox: String,
    answers: Subscriber,
    requests: u64,
    asked: Option<Asked>,
}

/// A request that is not over.
struct Asked {
    /// Where its status comes to.
    reply: String,
    /// How many messages may still come.
    left: usize,
    has_begun: bool,
    silence: Pin<Box<Sleep>>,
}

impl Source {
    pub(super) async fn open(
        subject: &'static str,
        index: usize,
        consumer: PullConsumer,
        client: &async_nats::Client,
    ) -> Result<Self, BusDown> {
        let inbox = client.new_inbox();
        let subscribed = client.subscribe(format!("{inbox}.*")).await;
        let answers = subscribed.map_err(|error| down(subject, &error))?;
        Ok(Self { subject, index, consumer, inbox, answers, requests: 0, asked: None })
    }

    /// Asks for up to `most` messages, unless it has asked already.
    pub(super) async fn ask(&mut self, most: usize) -> Result<(), BusDown> {
        if self.asked.is_some() || most == 0 {
            return Ok(());
        }
        let request = BatchConfig {
            batch: most,
            expires: Some(EXPIRES),
            no_wait: true,
            max_bytes: MAX_BYTES,
            ..BatchConfig::default()
        };
        self.requests += 1;
        let reply = format!("{}.{}", self.inbox, self.requests);
        let sent = self.consumer.request_batch(request, reply.clone().into()).await;
        sent.map_err(|error| down(self.subject, &error))?;
        let silence = Box::pin(sleep(SILENCE));
        self.asked = Some(Asked { reply, left: most, has_begun: false, silence });
        Ok(())
    }

    /// How many messages may come without being asked for again.
    pub(super) fn expected(&self) -> usize {
        self.asked.as_ref().map_or(0, |asked| asked.left)
    }

    /// Whether more of an answer is on its way.
    pub(super) fn is_being_answered(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.has_begun)
    }

    /// Takes what has come; ready when something has.
    pub(super) fn poll_answers(
        &mut self,
        context: &mut Context<'_>,
        arrived: &mut VecDeque<Arrived>,
    ) -> Poll<Result<(), BusDown>> {
        let mut has_news = false;
        while let Poll::Ready(answer) = Pin::new(&mut self.answers).poll_next(context) {
            has_news = true;
            let Some(message) = answer else {
                return Poll::Ready(Err(BusDown("the client has ended".to_owned())));
            };
            if let Err(error) = self.take(message, arrived) {
                return Poll::Ready(Err(error));
            }
        }
        let silence = self.asked.as_mut().map(|asked| asked.silence.as_mut());
        if silence.is_some_and(|silence| silence.poll(context).is_ready()) {
            let seconds = SILENCE.as_secs();
            let complaint = format!("{}: no sign of life for {seconds} s", self.subject);
            return Poll::Ready(Err(BusDown(complaint)));
        }
        if has_news { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn take(
        &mut self,
        mut message: Message,
        arrived: &mut VecDeque<Arrived>,
    ) -> Result<(), BusDown> {
        if let Some(status) = message.status {
            return self.take_status(status, &message);
        }
        let Some(reply) = message.reply.take() else { return Ok(()) };
        arrived.push_back(Arrived { source: self.index, message, reply });
        if let Some(asked) = &mut self.asked {
            asked.left = asked.left.saturating_sub(1);
            (asked.has_begun, asked.silence) = (true, Box::pin(sleep(SILENCE)));
            if asked.left == 0 {
                self.asked = None;
            }
        }
        Ok(())
    }

    fn take_status(&mut self, status: StatusCode, message: &Message) -> Result<(), BusDown> {
        let Some(asked) = &mut self.asked else { return Ok(()) };
        if *message.subject != *asked.reply {
            // Of an earlier request, which was over by its number of messages.
            return Ok(());
        }
        let description = message.description.as_deref().unwrap_or_default();
        match status {
            StatusCode::TIMEOUT | StatusCode::NOT_FOUND => self.asked = None,
            StatusCode::REQUEST_TERMINATED if description != "Consumer Deleted" => {
                tracing::debug!(subject = self.subject, description, "a request ended early");
                self.asked = None;
            }
            StatusCode::NO_RESPONDERS => {
                return Err(BusDown(format!("{}: its stream or consumer is gone", self.subject)));
            }
            status => {
                return Err(BusDown(format!("{}: {status} {description}", self.subject)));
            }
        }
        Ok(())
    }
}

/// The body of a message that acknowledges or gives back.
pub(super) fn body(kind: AckKind) -> bytes::Bytes {
    kind.into()
}

//! Letters over a real connection to a scripted mail server.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

use std::sync::Arc;
use std::time::Duration;

use auth::domain::{Email, Goods, Letter, News};
use auth::mail::{Letterhead, Mailer as _, Parcel, SendError, Smtp, message};
use common::money::{Currency, Money};
use common::time::Timestamp;
use scripted::smtp::{Conversation, Fault, Says};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What a title may be that wants to be more than one.
const TITLE: &str = "Front row\r\nBcc: everybody@example.com\r\n\r\n.\r\n<b>ערב</b> \u{202e}evil";

fn parcel(to: &str) -> Parcel {
    let goods = Goods {
        ticket: "6afd4dc00102030405000002".parse().unwrap(),
        title: format!("{TITLE} {}", "x".repeat(3_000)),
        quantity: 2,
        total: Money { minor: 123_450, currency: Currency::USD },
    };
    let order = "6afd4dc00102030405000001".parse().unwrap();
    let at = Timestamp::from_millis(1_800_000_000_000);
    let letter = Letter {
        id: Letter::bought(order),
        to: "6afd4dc00102030405000003".parse().unwrap(),
        order,
        news: News::Bought { goods, in_place: false },
        at,
        state: Letter::to_be_sent(at),
    };
    let head = Letterhead {
        from: "Das Rote Haus <tickets@rotes-haus.example>".parse().unwrap(),
        site: Some("https://rotes-haus.example".to_owned()),
    };
    message::parcel(&letter, &Email::parse(to).unwrap(), &head).unwrap()
}

async fn serve(server: Arc<scripted::Smtp>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    #[expect(clippy::disallowed_methods, reason = "a test runs its own tasks")]
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = Arc::clone(&server);
            tokio::spawn(async move { talk(&server, stream).await });
        }
    });
    address
}

async fn talk(server: &scripted::Smtp, stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    let mut conversation = server.conversation();
    stream.write_all(Conversation::greeting().as_bytes()).await.unwrap();
    loop {
        let mut line = Vec::new();
        let Ok(1..) = stream.read_until(b'\n', &mut line).await else { return };
        match conversation.hear(&String::from_utf8_lossy(&line)) {
            Says::Nothing => {}
            Says::This(text) => drop(stream.write_all(text.as_bytes()).await),
            Says::Goodbye(text) => {
                drop(stream.write_all(text.as_bytes()).await);
                return;
            }
            Says::HangsUp => return,
            Says::FallsSilent => std::future::pending().await,
        }
    }
}

async fn server(faults: impl IntoIterator<Item = Option<Fault>>) -> (Arc<scripted::Smtp>, Smtp) {
    let server = Arc::new(scripted::Smtp::new(faults));
    let address = serve(Arc::clone(&server)).await;
    let smtp = Smtp::new(&format!("smtp://{address}?tls=off"), "rotes-haus.example").unwrap();
    (server, smtp)
}

#[tokio::test]
async fn a_letter_arrives_as_it_was_meant_and_a_title_adds_nothing_to_it() {
    let (server, smtp) = server([]).await;
    smtp.send(&parcel("ada@example.com")).await.unwrap();
    let taken = server.taken();
    assert_eq!(server.complaints(), Vec::<String>::new());
    assert_eq!((taken.len(), taken[0].to.as_slice()), (1, &["ada@example.com".to_owned()][..]));
    assert_eq!(taken[0].from, "tickets@rotes-haus.example");
    let (headers, body) = taken[0].message.split_once("\r\n\r\n").unwrap();
    let id = "Message-ID: <bought-6afd4dc00102030405000001@rotes-haus.example>";
    for header in [
        id,
        "Auto-Submitted: auto-generated",
        "Date: Fri, 15 Jan 2027 08:00:00 +0000",
        "To: ada@example.com",
        "MIME-Version: 1.0",
    ] {
        assert!(headers.lines().any(|line| line == header), "{header} in {headers}");
    }
    assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
    assert!(headers.contains("Subject: Your order is complete: =?utf-8?"), "{headers}");
    assert_eq!(body.matches("Content-Type:").count(), 2, "two parts: {body}");
    let (_, html) = body.split_once("text/html").unwrap();
    assert!(html.contains("&lt;b&gt;") && !html.contains("<b>"), "no HTML of others: {html}");
    assert!(!taken[0].message.contains("=E2=80=AE"), "nothing turns the text around it");
}

#[tokio::test]
async fn what_a_server_says_is_understood_and_not_repeated() {
    let put_off = |code: u16| SendError::Failed(format!("the mail server says {code}"));
    let refused = |code: u16| SendError::Refused(format!("the mail server says {code}"));
    for (fault, expected, taken) in [
        (Fault::Greylisted, put_off(450), 0),
        (Fault::PutOff, put_off(451), 0),
        (Fault::NoSuchReader, refused(550), 0),
        (Fault::Unwanted, refused(554), 0),
    ] {
        let (server, smtp) = server([Some(fault)]).await;
        assert_eq!(smtp.send(&parcel("ada@example.com")).await, Err(expected), "{fault:?}");
        assert_eq!(server.taken().len(), taken, "{fault:?}");
        smtp.send(&parcel("ada@example.com")).await.unwrap();
        assert_eq!(server.taken().len(), taken + 1, "{fault:?}: and then it is taken");
    }
}

#[tokio::test]
async fn a_letter_whose_fate_is_unknown_comes_again_under_its_message_id() {
    for (fault, taken) in
        [(Fault::HangsUpBefore, 1), (Fault::HangsUpAfter, 2), (Fault::SilentAfter, 2)]
    {
        let (server, smtp) = server([Some(fault)]).await;
        let parcel = parcel("ada@example.com");
        let patience = Duration::from_millis(500);
        let first = tokio::time::timeout(patience, smtp.send(&parcel)).await;
        match first {
            Ok(sent) => assert!(matches!(sent, Err(SendError::Failed(_))), "{fault:?}: {sent:?}"),
            Err(_) => assert_eq!(fault, Fault::SilentAfter),
        }
        smtp.send(&parcel).await.unwrap();
        let letters = server.taken();
        assert_eq!(letters.len(), taken, "{fault:?}");
        assert!(letters.iter().all(|letter| *letter == letters[0]), "{fault:?}: byte for byte");
    }
}

#[tokio::test]
async fn who_is_not_let_in_tries_again_when_somebody_has_put_that_right() {
    let server = Arc::new(scripted::Smtp::new([]).of_user("ada", "p@ss word"));
    let address = serve(Arc::clone(&server)).await;
    let send = async |user: &str| {
        let url = format!("smtp://{user}{address}?tls=off");
        let smtp = Smtp::new(&url, "rotes-haus.example").unwrap();
        smtp.send(&parcel("ada@example.com")).await
    };
    for user in ["", "ada:wrong@"] {
        let sent = send(user).await;
        assert!(matches!(&sent, Err(SendError::Failed(why)) if why.contains("53")), "{sent:?}");
    }
    assert_eq!(send("ada:p%40ss%20word@").await, Ok(()));
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test]
async fn a_password_is_sent_to_nobody_who_offers_no_tls() {
    let server = Arc::new(scripted::Smtp::new([]).of_user("ada", "hunter2"));
    let address = serve(Arc::clone(&server)).await;
    for scheme in ["smtp", "smtps"] {
        let url = format!("{scheme}://ada:hunter2@{address}");
        let smtp = Smtp::new(&url, "rotes-haus.example").unwrap();
        let parcel = parcel("ada@example.com");
        let sent = tokio::time::timeout(Duration::from_secs(5), smtp.send(&parcel)).await;
        assert!(matches!(sent, Ok(Err(SendError::Failed(_)))), "{scheme}: {sent:?}");
    }
    assert_eq!(server.taken().len(), 0);
    assert!(!format!("{:?}", server.complaints()).contains("AUTH"), "{:?}", server.complaints());
}

#[tokio::test]
async fn an_address_of_other_letters_is_refused_for_ever_by_a_server_that_knows_none() {
    let (server, smtp) = server([]).await;
    let sent = smtp.send(&parcel("анна@example.com")).await;
    assert!(matches!(sent, Err(SendError::Refused(_))), "{sent:?}");
    assert_eq!(server.taken().len(), 0);
}

#[tokio::test]
async fn a_server_that_is_away_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let smtp = Smtp::new(&format!("smtp://{address}?tls=off"), "rotes-haus.example").unwrap();
    let sent = smtp.send(&parcel("ada@example.com")).await;
    assert!(matches!(sent, Err(SendError::Failed(_))), "{sent:?}");
}

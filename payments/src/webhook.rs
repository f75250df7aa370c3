//! A provider's notices. A notice says where to look and never what to believe: what it makes
//! happen is that the provider is asked for the truth. So notices may come in any order and number,
//! and never (I27).

use std::sync::Arc;

use common::execute::Failure;

use crate::commands::{HearNotice, HearPrompt};
use crate::provider::{BadNotice, Letter};
use crate::resolve::Resolver;

/// Why a notice was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// There is no such provider.
    #[error("there is no such provider")]
    NoProvider,
    /// It is not the provider's, or not of now.
    #[error(transparent)]
    Bad(#[from] BadNotice),
    /// It could not be kept; the provider sends it again.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// Takes notices.
pub struct Webhook {
    resolver: Arc<Resolver>,
}

impl Webhook {
    /// Takes the notices of `resolver`'s providers.
    pub fn new(resolver: Arc<Resolver>) -> Self {
        Self { resolver }
    }

    /// Takes a notice of the provider that is called so. `Ok` means that what it calls for will be
    /// done, whatever happens to this process.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn receive(
        &self,
        provider: &str,
        letter: Letter<'_>,
        trace: &str,
    ) -> Result<(), NotTaken> {
        let engine = self.resolver.engine();
        let provider = self.resolver.providers().named(provider).ok_or(NotTaken::NoProvider)?;
        let Some(notice) = provider.verify_webhook(letter, engine.now()).await? else {
            return Ok(());
        };
        let name = provider.name();
        if !provider.signs_notices() {
            let (payment, reference) = (notice.payment, notice.id);
            // Who asks is nobody: the look is made with all others that are due.
            engine.run(HearPrompt { provider: name, payment, reference }, trace).await?;
            return Ok(());
        }
        let command = HearNotice { provider: name, notice };
        if let Some(payment) = engine.run(command, trace).await? {
            let resolver = Arc::clone(&self.resolver);
            let work = async move {
                if let Err(failure) = resolver.look_up(&payment).await {
                    tracing::warn!(payment = %payment.id, error = %failure, "settled later");
                }
            };
            engine.tasks().spawn(Box::pin(work));
        }
        Ok(())
    }
}

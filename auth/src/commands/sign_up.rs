//! Somebody signs up.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::UserKind;
use common::id::UserId;

use super::tell;
use crate::domain::{Account, Email, EmailOwner, Holder, PasswordHash, RequestMark};

/// Makes an account.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// How they will sign in.
    pub email: Email,
    /// What is kept of their password.
    pub password: PasswordHash,
    /// Recognises this request if it comes again; `until` is when it will no longer be recognised.
    pub mark: Option<RequestMark>,
}

/// The address is somebody's already.
pub fn email_in_use() -> Refusal {
    Refusal::field("email", "Email in use")
}

/// What a sign-up came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedUp {
    /// A new account.
    New(Account),
    /// The account that this request made when it came first, if the password is the same: whoever
    /// asked must prove it.
    Again(Account),
}

impl Command for SignUp {
    type Reply = SignedUp;

    fn keys(&self, docs: &Docs) -> Vec<Key> {
        let mut keys = vec![Key::of::<EmailOwner>(&self.email)];
        if let (Some(owner), Some(_)) = (docs.get::<EmailOwner>(&self.email), &self.mark) {
            keys.push(Key::of::<Account>(owner.value.user_id));
        }
        keys
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<SignedUp>, Refusal> {
        if let Some(owner) = docs.get::<EmailOwner>(&self.email) {
            return match self.first_made(docs, owner.value.user_id, at) {
                Some(account) => Ok(Change::nothing(SignedUp::Again(account.clone()))),
                None => Err(email_in_use()),
            };
        }
        let id = UserId(at.next_id());
        let holder = Holder {
            email: self.email.clone(),
            password: self.password.clone(),
            created_at: at.now,
            password_set_at: at.now,
            password_set_by: self.mark.clone(),
        };
        let change = tell(docs, Account::open(id, holder), UserKind::Created);
        let owner = EmailOwner { email: self.email.clone(), user_id: id };
        Ok(change.put(owner).answering(SignedUp::New))
    }
}

impl SignUp {
    /// The account that this very request made when it came first.
    fn first_made<'a>(&self, docs: &'a Docs, user: UserId, at: &Moment<'_>) -> Option<&'a Account> {
        let account = docs.get::<Account>(user)?.value;
        let first = account.holder()?.password_set_by.as_ref()?;
        first.is_repeated_by(self.mark.as_ref()?, at.now).then_some(account)
    }
}

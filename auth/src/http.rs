//! The routes: wire types to commands and queries, and back.

use std::sync::Arc;

use axum::extract::{FromRef, State};
use axum::response::{IntoResponse as _, Response};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use common::command::{Fault, Refusal};
use common::execute::{Engine, Failure};
use common::http::idempotency::IDEMPOTENCY_KEY;
use common::http::{Fields, Kit, Problem, Read, Write};
use common::replies::{Answer, KEPT_FOR};
use common::session::{Session, cookie};
use sha2::{Digest as _, Sha256};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use crate::commands::{
    Asker, ChangePassword, DeleteAccount, Rehash, SignOut, SignOutEverywhere, SignUp, SignedUp,
    email_in_use,
};
use crate::domain::{Account, Email, Holder, Password, PasswordHash, RequestMark, SessionFacts};
use crate::hashing::Claim;
use crate::keys::Keyring;
use crate::passwords::{Attempt, Passwords};
use crate::queries;
use crate::wire::{
    Credentials, CurrentUser, Export, KeySetDocument, NewPassword, Nothing, ProvenByPassword, User,
};

/// Most characters of what is given as an e-mail address; what is too long for one is refused as
/// one.
const MAX_EMAIL: usize = 4_096;

/// What the handlers share.
#[derive(Clone)]
pub struct Auth {
    /// What the handlers of every service share.
    pub kit: Kit,
    /// Executes the commands.
    pub engine: Arc<Engine>,
    /// Where passwords are proved and chosen.
    pub passwords: Arc<Passwords>,
    /// Signs sessions.
    pub keyring: Arc<Keyring>,
}

impl FromRef<Auth> for Kit {
    fn from_ref(auth: &Auth) -> Self {
        auth.kit.clone()
    }
}

/// The routes, with their descriptions.
pub fn routes(auth: Auth) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(sign_up))
        .routes(routes!(sign_in))
        .routes(routes!(sign_out))
        .routes(routes!(sign_out_everywhere))
        .routes(routes!(current_user))
        .routes(routes!(change_password))
        .routes(routes!(export))
        .routes(routes!(delete_me))
        .routes(routes!(public_keys))
        .with_state(auth)
}

/// Sign up
///
/// Makes an account and begins a session.
#[utoipa::path(
    post, operation_id = "signUp", path = "/api/users/signup",
    tag = "users",
    request_body = Credentials,
    responses((status = 201, description = "The account, and a session", body = User)),
)]
async fn sign_up(State(auth): State<Auth>, write: Write) -> Result<Response, Problem> {
    let (email, password) = credentials(&write, Password::MIN_CHARACTERS)?;
    let mark = auth.mark(&write)?;
    auth.passwords.admit_sign_up(write.peer())?;
    if mark.is_none() && queries::owner(&auth.engine, &email).await?.is_some() {
        // Said again by the command; here it saves the work of hashing.
        return Err(email_in_use().into());
    }
    let hash = auth.passwords.hash(password.clone()).await?;
    let command = SignUp { email, password: hash, mark };
    match auth.engine.run(command, write.trace()).await? {
        SignedUp::New(account) => auth.welcome(201, &account).await,
        SignedUp::Again(account) => match auth.prove(&write, holder(&account)?, password).await? {
            Claim::Wrong => Err(Refusal::KeyReused.into()),
            Claim::Right | Claim::RightButStale => auth.welcome(201, &account).await,
        },
    }
}

/// Sign in
///
/// Begins a session. Says the same, after the same work, whether the account exists or not.
#[utoipa::path(
    post, operation_id = "signIn", path = "/api/users/signin",
    tag = "users",
    request_body = Credentials,
    responses((status = 200, description = "The account, and a session", body = User)),
)]
async fn sign_in(State(auth): State<Auth>, write: Write) -> Result<Response, Problem> {
    let (email, password) = credentials(&write, 1)?;
    let account = queries::account_of(&auth.engine, &email).await?;
    let kept = account.as_ref().and_then(Account::holder).map(|holder| &holder.password);
    let (address, claimed) = (write.peer(), password.clone());
    let attempt = Attempt { email: &email, address, password: claimed, kept };
    let claim = auth.passwords.prove(attempt).await?;
    let (Some(account), Claim::Right | Claim::RightButStale) = (account, claim) else {
        return Err(Refusal::state("Invalid credentials").into());
    };
    if claim == Claim::RightButStale {
        auth.rehash(&account, password, write.trace()).await;
    }
    auth.welcome(200, &account).await
}

/// Sign out
///
/// Ends the session, on every service. Fine for whoever is not signed in.
#[utoipa::path(
    post, operation_id = "signOut", path = "/api/users/signout",
    tag = "users",
    responses((status = 200, description = "Nobody is signed in any more", body = Nothing)),
)]
async fn sign_out(State(auth): State<Auth>, write: Write) -> Result<Response, Problem> {
    // Nothing is done under it, but a key that is none is refused here as everywhere.
    write.request_key()?;
    if let Some(session) = if_any(write.session())? {
        auth.engine.run(SignOut { by: asker(session) }, write.trace()).await?;
    }
    Ok(auth.farewell(Answer::ok(&Nothing {})))
}

/// Sign out everywhere
///
/// Ends every session of the account, on every service, this one included.
#[utoipa::path(
    post, operation_id = "signOutEverywhere", path = "/api/users/signout-everywhere",
    tag = "users",
    security(("session" = [])),
    responses((status = 200, description = "All sessions are over", body = Nothing)),
)]
async fn sign_out_everywhere(State(auth): State<Auth>, write: Write) -> Result<Response, Problem> {
    let by = asker(write.session()?);
    write.request_key()?;
    auth.engine.run(SignOutEverywhere { by }, write.trace()).await?;
    Ok(auth.farewell(Answer::ok(&Nothing {})))
}

/// The current user
///
/// Who is signed in, or null.
#[utoipa::path(
    get, operation_id = "currentUser", path = "/api/users/currentuser",
    tag = "users",
    responses((status = 200, description = "Who is signed in, or null", body = CurrentUser)),
)]
async fn current_user(read: Read) -> Result<Response, Problem> {
    let session = if_any(read.session())?;
    Ok(read.answer_unversioned(&CurrentUser::of(session)))
}

/// Change the password
///
/// Ends every session of the account, and begins a new one for whoever asks.
#[utoipa::path(
    post, operation_id = "changePassword", path = "/api/users/change-password",
    tag = "users",
    security(("session" = [])),
    request_body = NewPassword,
    responses((status = 200, description = "Done; the new session is in the cookie", body = User)),
)]
async fn change_password(State(auth): State<Auth>, write: Write) -> Result<Response, Problem> {
    let by = asker(write.session()?);
    let (current, new) = current_and_new(&write)?;
    let mark = auth.mark(&write)?;
    let account = auth.account(by).await?;
    let kept = holder(&account)?;
    if is_repeated(kept, mark.as_ref(), &auth) {
        return match auth.prove(&write, kept, new).await? {
            Claim::Wrong => Err(Refusal::KeyReused.into()),
            Claim::Right | Claim::RightButStale => auth.welcome(200, &account).await,
        };
    }
    if auth.prove(&write, kept, current).await? == Claim::Wrong {
        return Err(Refusal::field("currentPassword", "This is not your password").into());
    }
    let password = auth.passwords.hash(new).await?;
    let command = ChangePassword { by, proved: kept.password.clone(), password, mark };
    let account = auth.engine.run(command, write.trace()).await?;
    auth.welcome(200, &account).await
}

/// Export
///
/// Everything that this service knows of the person, and where the rest of their data is shown.
#[utoipa::path(
    get, operation_id = "exportAccount", path = "/api/users/export",
    tag = "users",
    security(("session" = [])),
    responses((status = 200, description = "One's own data", body = Export)),
)]
async fn export(State(auth): State<Auth>, read: Read) -> Result<Response, Problem> {
    let session = read.session()?;
    let account = auth.account(asker(session)).await?;
    Ok(read.answer_unversioned(&Export::of(&account, holder(&account)?, session)))
}

/// Delete the account
///
/// Removes what is known of the person, and ends every session. A moment later nothing of theirs is
/// on sale any more. What others have ordered of them stays as it is, as do their own orders and
/// payments, which no longer lead to a person.
#[utoipa::path(
    delete, operation_id = "deleteAccount", path = "/api/users/me",
    tag = "users",
    security(("session" = [])),
    request_body = ProvenByPassword,
    responses((status = 204, description = "The account is gone")),
)]
async fn delete_me(State(auth): State<Auth>, write: Write) -> Result<Response, Problem> {
    let by = asker(write.session()?);
    let mut fields = write.fields()?;
    let Some(password) = password_in(&mut fields, "password", 1) else {
        return Err(spelled(fields.refusal()).into());
    };
    fields.check().map_err(spelled)?;
    let account = auth.account(by).await?;
    let kept = holder(&account)?;
    if auth.prove(&write, kept, password).await? == Claim::Wrong {
        return Err(Refusal::field("password", "This is not your password").into());
    }
    let command = DeleteAccount { by, proved: kept.password.clone() };
    auth.engine.run(command, write.trace()).await?;
    Ok(auth.farewell(Answer::empty(204)))
}

/// The public keys
///
/// What session tokens are verified with, as a JSON Web Key Set.
#[utoipa::path(
    get, operation_id = "publicKeys", path = "/api/users/jwks.json",
    tag = "users",
    responses((status = 200, description = "The keys, newest first", body = KeySetDocument)),
)]
async fn public_keys(State(auth): State<Auth>, read: Read) -> Result<Response, Problem> {
    let keys = queries::public_keys(&auth.engine).await?;
    Ok(read.answer_unversioned(&KeySetDocument::of(keys)))
}

impl Auth {
    /// The answer to somebody who has proved who they are: their account, and a new session in the
    /// cookie.
    async fn welcome(&self, status: u16, account: &Account) -> Result<Response, Problem> {
        let token = self.keyring.begin_session(account).await?;
        let cookie = cookie::hand_out(&token, self.kit.settings().secure());
        let user = User::of(account.id, holder(account)?);
        Ok(Answer::json(status, &user).with_cookie(cookie).into_response())
    }

    /// The answer to somebody whose session is over.
    fn farewell(&self, answer: Answer) -> Response {
        answer.with_cookie(cookie::clear(self.kit.settings().secure())).into_response()
    }

    async fn account(&self, by: Asker) -> Result<Account, Problem> {
        let account = queries::account(&self.engine, by.user).await?;
        Ok(account.ok_or(Refusal::NotSignedIn)?)
    }

    async fn prove(
        &self,
        write: &Write,
        holder: &Holder,
        password: Password,
    ) -> Result<Claim, Failure> {
        let (email, kept) = (&holder.email, Some(&holder.password));
        self.passwords.prove(Attempt { email, address: write.peer(), password, kept }).await
    }

    /// Keeps the password by the parameters of today. Signing in does not depend on it.
    async fn rehash(&self, account: &Account, password: Password, trace: &str) {
        let Some(proved) = account.holder().map(|holder| holder.password.clone()) else { return };
        let rehashed = async {
            let password: PasswordHash = self.passwords.hash(password).await?;
            self.engine.run(Rehash { user: account.id, proved, password }, trace).await
        };
        if let Err(error) = rehashed.await {
            tracing::warn!(%error, "a password keeps its old hash for now");
        }
    }

    /// Recognises this request if it comes again, where it has an idempotency key.
    fn mark(&self, write: &Write) -> Result<Option<RequestMark>, Problem> {
        if write.request_key()?.is_none() {
            return Ok(None);
        }
        // Not the kit's digest: that depends on who is signed in, and these requests begin a
        // session, so that the same client comes again as somebody else. What it depends on here is
        // the account that the mark is kept with.
        let digest = write.headers().get(IDEMPOTENCY_KEY).map(|key| Sha256::digest(key.as_bytes()));
        Ok(digest.map(|digest| RequestMark {
            digest: Base64UrlUnpadded::encode_string(&digest),
            until: self.engine.now().plus(KEPT_FOR),
        }))
    }
}

/// The session, or nothing where nobody is signed in.
fn if_any(session: Result<&Session, Problem>) -> Result<Option<&Session>, Problem> {
    match session {
        Ok(session) => Ok(Some(session)),
        Err(Problem::Failed(Failure::Refused(Refusal::NotSignedIn))) => Ok(None),
        Err(problem) => Err(problem),
    }
}

fn asker(session: &Session) -> Asker {
    let facts = SessionFacts {
        id: session.session_id,
        generation: session.generation,
        until: session.expires_at,
    };
    Asker { user: session.user_id, session: facts }
}

fn holder(account: &Account) -> Result<&Holder, Refusal> {
    account.holder().ok_or(Refusal::NotSignedIn)
}

/// Whether the password that is kept was set by this very request when it came first.
fn is_repeated(kept: &Holder, mark: Option<&RequestMark>, auth: &Auth) -> bool {
    let first = kept.password_set_by.as_ref();
    first.zip(mark).is_some_and(|(first, mark)| first.is_repeated_by(mark, auth.engine.now()))
}

/// The e-mail address and the password of a body, the latter of at least so many characters.
fn credentials(write: &Write, least: usize) -> Result<(Email, Password), Problem> {
    let mut fields = write.fields()?;
    let email = email_in(&mut fields);
    let password = password_in(&mut fields, "password", least);
    let (Some(email), Some(password)) = (email, password) else {
        return Err(spelled(fields.refusal()).into());
    };
    fields.check().map_err(spelled)?;
    Ok((email, password))
}

/// The current password and the new one of a body.
fn current_and_new(write: &Write) -> Result<(Password, Password), Problem> {
    let mut fields = write.fields()?;
    let current = password_in(&mut fields, "currentPassword", 1);
    let new = password_in(&mut fields, "newPassword", Password::MIN_CHARACTERS);
    let (Some(current), Some(new)) = (current, new) else {
        return Err(spelled(fields.refusal()).into());
    };
    fields.check().map_err(spelled)?;
    Ok((current, new))
}

fn email_in(fields: &mut Fields) -> Option<Email> {
    let email = Email::parse(&fields.raw_text("email", 0..=MAX_EMAIL)?);
    if email.is_err() {
        fields.fault("email", "must be valid");
    }
    email.ok()
}

fn password_in(fields: &mut Fields, name: &str, least: usize) -> Option<Password> {
    fields
        .raw_text(name, least..=Password::MAX_CHARACTERS)
        .map(|text| Password::new(Zeroizing::new(text)))
}

/// With capitals, as clients of the original show these messages to people.
fn spelled(refusal: Refusal) -> Refusal {
    let capital = |fault: Fault| {
        let mut letters = fault.message.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        Fault { message: first.into_iter().chain(letters).collect(), ..fault }
    };
    match refusal {
        Refusal::Invalid(faults) => Refusal::Invalid(faults.into_iter().map(capital).collect()),
        other => other,
    }
}

//! What a ticket is, what can become of it, and how it is searched for. Plain types, and nothing
//! that waits.

mod departure;
mod reservation;
mod sale;
mod search;
mod ticket;

pub use departure::Departure;
pub use reservation::Reservation;
pub use sale::Sale;
pub use search::{
    MAX_QUERY_WORDS, MAX_TICKET_WORDS, Search, Sort, SortKey, scale_price, words, words_of,
};
pub use ticket::{
    CannotEdit, Edit, Listing, MAX_DESCRIPTION, MAX_EVENT_TEXT, MAX_QUANTITY, MAX_TITLE, Patch,
    Show, State, Taken, Ticket,
};

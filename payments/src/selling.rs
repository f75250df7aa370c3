//! What sellers see of the money: their balance and their sales. Views and routes.

use axum::extract::State;
use axum::response::Response;
use common::events::DisputeStatus;
use common::http::views::DisputeStanding;
use common::http::{Problem, Read};
use common::id::{OrderId, PaymentId, TicketId};
use common::money::{Currency, Major, Money};
use common::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::commands::standing;
use crate::domain::Account;
use crate::domain::balance::Balance;
use crate::http::Api;
use crate::queries::sales::{self, Sold};

/// The routes.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(balance)).routes(routes!(list))
}

/// Show what one has earned
///
/// A balance for each currency that one has sold in. `payable` is what is left to be paid out:
/// `earned` less `fees`, `refunded`, `disputed` and `paidOut`.
#[utoipa::path(
    operation_id = "showBalance",
    get, path = "/api/payments/balance", tag = "payments",
    security(("session" = [])),
    responses((status = 200, description = "One's own balances", body = Vec<BalanceView>))
)]
async fn balance(State(api): State<Api>, request: Read) -> Result<Response, Problem> {
    let seller = request.session()?.user_id;
    let balances = sales::balances(&**api.kit.engine().store(), seller).await?;
    let views: Vec<_> = balances.values().map(BalanceView::of).collect();
    Ok(request.answer_unversioned(&views))
}

/// List one's own sales
///
/// Orders of one's own tickets that are complete, newest first, with what each has earned.
#[utoipa::path(
    operation_id = "listSales",
    get, path = "/api/payments/sales", tag = "payments",
    security(("session" = [])),
    params(
        (
            "limit" = Option<u32>, Query, minimum = 1, maximum = 100,
            description = "Most sales to return; 50 by default",
        ),
        (
            "cursor" = Option<String>, Query,
            description = "Where to go on, from the `Link` header of the page before",
        ),
    ),
    responses((status = 200, description = "One page of sales", body = Vec<SaleView>))
)]
async fn list(State(api): State<Api>, request: Read) -> Result<Response, Problem> {
    let seller = request.session()?.user_id;
    let mut params = request.query();
    let page = params.page("newest-sales", None);
    params.check()?;
    let after = page.after_id().map(PaymentId);
    let found = sales::of(api.kit.engine(), seller, after, page.fetch()).await?;
    let (found, next) = page.cut_by_id(found, |sold| sold.payment.0);
    let views: Vec<_> = found.iter().filter_map(SaleView::of).collect();
    Ok(request.page(&views, next))
}

/// What one has earned in a currency. Amounts are in major units.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Balance)]
pub struct BalanceView {
    /// The ISO 4217 code of the currency, in lower case.
    #[schema(value_type = String, pattern = "^[a-z]{3}$", example = "usd")]
    currency: Currency,
    /// What buyers have paid for orders that are complete.
    #[schema(value_type = f64, example = 120.5)]
    earned: Major,
    /// What the platform has kept of it.
    #[schema(value_type = f64, example = 3.01)]
    fees: Major,
    /// What has been given back of it.
    #[schema(value_type = f64, example = 0)]
    refunded: Major,
    /// What buyers' banks have taken back of it.
    #[schema(value_type = f64, example = 0)]
    disputed: Major,
    /// What has been paid out of it.
    #[schema(value_type = f64, example = 100)]
    paid_out: Major,
    /// What is left to be paid out. Less than nothing where more was given back, or taken by banks,
    /// than was left.
    #[schema(value_type = f64, example = 17.49)]
    payable: Major,
}

impl BalanceView {
    fn of(balance: &Balance) -> Self {
        let major = |minor| Major(balance.money(minor));
        Self {
            currency: balance.currency,
            earned: major(balance.earned),
            fees: major(balance.fees),
            refunded: major(balance.refunded),
            disputed: major(balance.disputed),
            paid_out: major(balance.paid_out),
            payable: major(balance.payable),
        }
    }
}

/// An order of one's own ticket that is complete. Amounts are in major units.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Sale)]
pub struct SaleView {
    /// The payment that the order is complete by.
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000005")]
    payment_id: PaymentId,
    /// The order.
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000003")]
    order_id: OrderId,
    /// The ticket. Missing for orders from before it was kept with payments.
    #[schema(
        value_type = Option<String>, pattern = "^[0-9a-f]{24}$",
        example = "6afd4dc00102030405000001",
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_id: Option<TicketId>,
    /// The ticket's title, as its buyer saw it.
    #[schema(example = "Front row")]
    title: String,
    /// How many units.
    #[schema(minimum = 1, example = 1)]
    quantity: u32,
    /// What the buyer paid.
    #[schema(value_type = f64, example = 20.5)]
    total: Major,
    /// What the platform kept of it.
    #[schema(value_type = f64, example = 0.51)]
    fee: Major,
    /// What it earned.
    #[schema(value_type = f64, example = 19.99)]
    net: Major,
    /// What the buyer was given back.
    #[schema(value_type = f64, example = 0)]
    refunded: Major,
    /// What the buyer's bank has taken back.
    #[schema(value_type = f64, example = 0)]
    disputed: Major,
    /// Where the last dispute of it stands, if there was one.
    #[schema(value_type = Option<DisputeStanding>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    dispute: Option<DisputeStatus>,
    /// The ISO 4217 code of the currency, in lower case.
    #[schema(value_type = String, pattern = "^[a-z]{3}$", example = "usd")]
    currency: Currency,
    /// When the order was known to be complete.
    #[schema(value_type = String, format = DateTime, example = "2030-06-01T19:30:01.000Z")]
    sold_at: Timestamp,
}

impl SaleView {
    /// A sale as its seller sees it; `None` of an entry that books none.
    fn of(sold: &Sold) -> Option<Self> {
        let entry = &sold.entry;
        let (sale, currency) = (entry.sale.as_ref()?, entry.currency()?);
        let major = |minor| Major(Money { minor, currency });
        Some(Self {
            payment_id: sold.payment,
            order_id: sale.order,
            ticket_id: sale.ticket,
            title: sale.title.clone(),
            quantity: sale.quantity,
            total: major(entry.posted(Account::OrderFunds)),
            fee: major(-entry.posted(Account::PlatformFee)),
            net: major(-entry.posted(Account::SellerPayable)),
            refunded: major(sold.refunded),
            disputed: major(sold.disputed),
            dispute: sold.dispute.map(standing),
            currency,
            sold_at: entry.at,
        })
    }
}

//! What a letter says: a subject, the same in text and in HTML.
//!
//! Titles are typed by people, and whoever sells a ticket chooses what its buyer reads here. So a
//! title is one line without anything that controls, it is set apart from the text around it where
//! it may run from right to left, and in HTML everything is escaped.

use common::money::Money;

use super::Letterhead;
use crate::domain::{Goods, Letter, News, Standing, Why};

/// Most characters of a title in a subject: what a list of mails shows.
const MAX_IN_SUBJECT: usize = 80;

/// What a letter says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub subject: String,
    /// For those who read text.
    pub text: String,
    /// For those who read HTML: a whole document.
    pub html: String,
}

/// A letter before it is text or HTML.
struct Draft {
    subject: String,
    heading: &'static str,
    /// Sentences before what it is about.
    before: Vec<String>,
    /// What is about, in rows.
    rows: Vec<(&'static str, String)>,
    /// Sentences behind.
    behind: Vec<String>,
    /// What a link leads to, and where.
    link: Option<(&'static str, String)>,
}

/// What `letter` says, under `head`.
pub fn words(letter: &Letter, head: &Letterhead) -> Words {
    let draft = draft(letter, head.site.as_deref());
    Words { subject: draft.subject.clone(), text: text(&draft), html: html(&draft) }
}

fn draft(letter: &Letter, site: Option<&str>) -> Draft {
    let page = |path: String| site.map(|site| format!("{site}{path}"));
    let order = page(format!("/orders/{}", letter.order));
    match &letter.news {
        News::Bought { goods, in_place } => {
            let late = "Your payment came after your reservation had expired. As many were still \
                        free, so this order has taken its place, at the price you paid.";
            Draft {
                subject: subject("Your order is complete", Some(goods)),
                heading: "Your order is complete",
                before: in_place.then(|| late.to_owned()).into_iter().collect(),
                rows: rows(goods, ("Paid", goods.total), letter),
                behind: Vec::new(),
                link: order.map(|url| ("Your order and its receipt", url)),
            }
        }
        News::Sold { goods } => Draft {
            subject: subject("Sold", Some(goods)),
            heading: "You have sold",
            before: Vec::new(),
            rows: rows(goods, ("Paid by the buyer", goods.total), letter),
            behind: Vec::new(),
            link: page(format!("/my-tickets/{}", goods.ticket)).map(|url| ("Your ticket", url)),
        },
        News::Disputed { goods, amount, standing, reason } => {
            let sales = page("/my-tickets/sales".to_owned());
            disputed(letter, goods, (*standing, *amount), reason, sales)
        }
        News::Refunded { goods, amount, why, reason } => {
            let because = match why {
                Why::Expired => Some(
                    "Your payment came after your reservation had expired, and there were not \
                     enough left to complete an order in its place.",
                ),
                Why::Cancelled => Some("Your payment came after you had cancelled the order."),
                Why::Decided | Why::Other => None,
            };
            let reason = reason.as_deref().map(line).filter(|reason| !reason.is_empty());
            let given_back = ("Given back", *amount);
            Draft {
                subject: subject("Your money has been given back", goods.as_ref()),
                heading: "Your money has been given back",
                before: because.into_iter().map(str::to_owned).collect(),
                rows: match goods {
                    Some(goods) => rows(goods, given_back, letter),
                    None => {
                        vec![("Given back", amount.in_full()), ("Order", letter.order.to_string())]
                    }
                }
                .into_iter()
                .chain(reason.map(|reason| ("Reason", apart(&reason))))
                .collect(),
                behind: vec![
                    "It goes back the way you paid. Until your bank shows it some days may pass."
                        .to_owned(),
                ],
                link: order.map(|url| ("Your order", url)),
            }
        }
    }
}

fn disputed(
    letter: &Letter,
    goods: &Goods,
    (standing, amount): (Standing, Money),
    reason: &str,
    sales: Option<String>,
) -> Draft {
    let (heading, sum, before, behind) = match standing {
        Standing::Open => (
            "A buyer disputes a payment",
            "In dispute",
            "The buyer's bank asks for the money back. What it has taken is out of your \
                     balance until it has decided. The order is still complete.",
            "Whoever runs this marketplace answers the bank. What you know of the order \
                     helps them: write to them soon, since banks do not wait.",
        ),
        Standing::Won => (
            "A dispute is decided for you",
            "Back in your balance",
            "The buyer's bank had asked for the money back.",
            "The money is yours again.",
        ),
        Standing::Lost => (
            "A dispute is decided against you",
            "Taken from your balance",
            "The buyer's bank has given the money back to the buyer for good.",
            "The order is still complete: what becomes of it is for you to say.",
        ),
    };
    let reason = line(&reason.replace('_', " "));
    let why = (!reason.is_empty()).then(|| ("Bank's reason", apart(&reason)));
    Draft {
        subject: subject(heading, Some(goods)),
        heading,
        before: vec![before.to_owned()],
        rows: rows(goods, (sum, amount), letter).into_iter().chain(why).collect(),
        behind: vec![behind.to_owned()],
        link: sales.map(|url| ("Your sales", url)),
    }
}

fn rows(goods: &Goods, sum: (&'static str, Money), letter: &Letter) -> Vec<(&'static str, String)> {
    vec![
        ("Ticket", apart(&line(&goods.title))),
        ("Quantity", goods.quantity.to_string()),
        (sum.0, sum.1.in_full()),
        ("Order", letter.order.to_string()),
    ]
}

fn subject(what: &str, goods: Option<&Goods>) -> String {
    let Some(goods) = goods else { return what.to_owned() };
    let title = line(&goods.title);
    let short = match title.char_indices().nth(MAX_IN_SUBJECT) {
        None => title,
        Some((end, _)) => format!("{}…", title[..end].trim_end()),
    };
    format!("{what}: {}", apart(&short))
}

/// `title` as one line: without what ends one, and without what turns the direction of writing.
fn line(title: &str) -> String {
    let shown = |c: char| match c {
        '\u{2028}' | '\u{2029}' => Some(' '),
        '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' => None,
        '\u{2066}'..='\u{2069}' | '\u{feff}' => None,
        c if c.is_control() => Some(' '),
        c => Some(c),
    };
    let plain: String = title.chars().filter_map(shown).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text`, which turns nothing around it where it runs from right to left.
fn apart(text: &str) -> String {
    match text.is_ascii() {
        true => text.to_owned(),
        false => format!("\u{2068}{text}\u{2069}"),
    }
}

fn text(draft: &Draft) -> String {
    let mut text = format!("{}.\n", draft.heading);
    for sentence in &draft.before {
        text.push_str(&format!("\n{sentence}\n"));
    }
    text.push('\n');
    let widest = draft.rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 1;
    for (name, value) in &draft.rows {
        text.push_str(&format!("{:<widest$} {value}\n", format!("{name}:")));
    }
    for sentence in &draft.behind {
        text.push_str(&format!("\n{sentence}\n"));
    }
    if let Some((what, url)) = &draft.link {
        text.push_str(&format!("\n{what}:\n{url}\n"));
    }
    text.push_str(&format!("\n-- \n{ANSWERS}\n"));
    text
}

/// Nobody reads what is answered.
const ANSWERS: &str = "This letter was written by itself. Nobody reads answers to it.";

fn html(draft: &Draft) -> String {
    let mut body = format!("<h1 style=\"font-size:20px;margin:0 0 16px\">{}</h1>\n", draft.heading);
    let paragraph = |text: &str| format!("<p style=\"margin:0 0 16px\">{}</p>\n", escaped(text));
    body.extend(draft.before.iter().map(|sentence| paragraph(sentence)));
    body.push_str(
        "<table role=\"presentation\" style=\"border-collapse:collapse;margin:0 0 16px\">\n",
    );
    for (name, value) in &draft.rows {
        body.push_str(&format!(
            "<tr><td style=\"padding:4px 16px 4px 0;color:#595959;vertical-align:top\">{}</td>\
             <td style=\"padding:4px 0;word-break:break-word\"><bdi>{}</bdi></td></tr>\n",
            escaped(name),
            escaped(value)
        ));
    }
    body.push_str("</table>\n");
    body.extend(draft.behind.iter().map(|sentence| paragraph(sentence)));
    if let Some((what, url)) = &draft.link {
        let (url, what) = (escaped(url), escaped(what));
        body.push_str(&format!("<p style=\"margin:0 0 16px\"><a href=\"{url}\">{what}</a></p>\n"));
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{}</title></head>\n\
         <body style=\"font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;\
         max-width:560px;margin:0 auto;padding:24px\">\n{body}\
         <p style=\"font-size:14px;color:#595959\">{ANSWERS}</p>\n</body>\n</html>\n",
        escaped(&draft.subject)
    )
}

/// `text` where HTML has text, or the value of an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::State;
    use common::money::Currency;
    use common::time::Timestamp;

    fn letter(title: &str, quantity: u32, total: Money) -> Letter {
        let goods = Goods {
            ticket: "6afd4dc00102030405000002".parse().unwrap(),
            title: title.to_owned(),
            quantity,
            total,
        };
        let order = "6afd4dc00102030405000001".parse().unwrap();
        Letter {
            id: Letter::bought(order),
            to: "6afd4dc00102030405000003".parse().unwrap(),
            order,
            news: News::Bought { goods, in_place: false },
            at: Timestamp::from_millis(0),
            state: State::Announced,
        }
    }

    fn money(minor: i64, currency: &str) -> Money {
        Money { minor, currency: currency.parse().unwrap() }
    }

    fn head(site: Option<&str>) -> Letterhead {
        Letterhead { from: "a@b.example".parse().unwrap(), site: site.map(str::to_owned) }
    }

    #[test]
    fn a_letter_says_what_was_bought_and_where_its_receipt_is() {
        let letter = letter("Front row", 2, money(123_450, "usd"));
        let words = words(&letter, &head(Some("https://t.example")));
        assert_eq!(words.subject, "Your order is complete: Front row");
        assert_eq!(
            words.text,
            "Your order is complete.\n\n\
             Ticket:   Front row\nQuantity: 2\nPaid:     1,234.50 USD\n\
             Order:    6afd4dc00102030405000001\n\n\
             Your order and its receipt:\nhttps://t.example/orders/6afd4dc00102030405000001\n\n\
             -- \nThis letter was written by itself. Nobody reads answers to it.\n"
        );
        assert!(words.html.contains("<a href=\"https://t.example/orders/6afd4dc0"));
    }

    #[test]
    fn without_a_site_a_letter_leads_nowhere() {
        let words = words(&letter("x", 1, money(100, "usd")), &head(None));
        assert!(!words.text.contains("://") && !words.html.contains("href"), "{words:?}");
    }

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        for (minor, currency, shown) in [
            (5, "usd", "0.05 USD"),
            (123_456_789, "jpy", "123,456,789 JPY"),
            (1_234_567, "kwd", "1,234.567 KWD"),
            (-100, "eur", "-1.00 EUR"),
        ] {
            assert_eq!(money(minor, currency).in_full(), shown);
        }
        assert_eq!(Currency::USD.code(), "usd");
    }

    #[test]
    fn a_title_is_one_line_that_turns_nothing_and_is_no_html() {
        let hostile = "a\r\nBcc: x@y.example\r\n\r\n\u{2028}<b>&\"' \u{202e}\u{2067}\0z";
        let words = words(&letter(hostile, 1, money(100, "usd")), &head(None));
        assert_eq!(words.subject, "Your order is complete: a Bcc: x@y.example <b>&\"' z");
        assert!(words.text.contains("Ticket:   a Bcc: x@y.example <b>&\"' z\n"), "{}", words.text);
        assert!(words.html.contains("a Bcc: x@y.example &lt;b&gt;&amp;&quot;&#39; z</bdi>"));
        assert!(!words.html.contains("<b>"));
    }

    #[test]
    fn what_may_run_from_right_to_left_is_set_apart_and_what_is_long_is_cut() {
        let hebrew = "ערב של שירה ".repeat(20);
        let words = words(&letter(&hebrew, 1, money(100, "usd")), &head(None));
        let (_, title) = words.subject.split_once(": ").unwrap();
        assert!(title.starts_with('\u{2068}') && title.ends_with("…\u{2069}"), "{title}");
        assert!(title.chars().count() <= MAX_IN_SUBJECT + 3, "{title}");
        assert!(words.text.contains(&format!("\u{2068}{}\u{2069}\n", hebrew.trim())));
    }

    #[test]
    fn who_is_given_money_back_is_told_why() {
        let bought = letter("Front row", 1, money(100, "usd"));
        let News::Bought { goods, .. } = bought.news.clone() else { panic!("it was bought") };
        let typed = "The second act\r\nis cancelled";
        for (why, goods, reason, said) in [
            (Why::Expired, Some(goods.clone()), None, "reservation had expired"),
            (Why::Cancelled, Some(goods.clone()), None, "you had cancelled"),
            (Why::Other, None, None, "Given back: 1.00 USD"),
            (Why::Decided, Some(goods), Some(typed), "Reason:     The second act is cancelled\n"),
        ] {
            let reason = reason.map(str::to_owned);
            let news = News::Refunded { goods, amount: money(100, "usd"), why, reason };
            let words = words(&Letter { news, ..bought.clone() }, &head(None));
            assert!(words.subject.starts_with("Your money has been given back"));
            assert!(words.text.contains(said), "{}", words.text);
        }
    }
}

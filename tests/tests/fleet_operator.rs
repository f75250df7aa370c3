//! What an operator does by hand beside a fleet that serves: the services' own programs, with the
//! settings of a replica that runs, as `docker compose exec` and `kubectl exec` start them.

#![expect(clippy::expect_used, reason = "a test panics on purpose")]

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStringExt as _;
use std::process::{Command, Output, Stdio};

use serde_json::json;
use tests::market::{CROSSING, GOOD_CARD};
use tests::{Server, text, until};

/// Runs the program of `replica` as it was started, but with these arguments and this input.
fn beside(server: &Server, replica: &str, args: &[&str], input: &str) -> Output {
    let pid = server.processes().get(replica).expect("the replica runs").pid;
    let program = fs::read_link(format!("/proc/{pid}/exe")).expect("its program");
    let settings = fs::read(format!("/proc/{pid}/environ")).expect("its settings");
    let settings = settings.split(|byte| *byte == 0).filter_map(|setting| {
        let equals = setting.iter().position(|byte| *byte == b'=')?;
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        Some((text(&setting[..equals]), text(&setting[equals + 1..])))
    });
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(settings.collect::<HashMap<_, _>>());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(input.as_bytes()).expect("it reads its input");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

/// What it printed; it must have done what it was asked.
fn said(output: &Output) -> String {
    let complaints = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{complaints}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_given_back_paid_out_and_checked_while_the_fleet_serves() {
    let server = Server::usual().await;
    let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
    let ticket = seller.sell_units(3).await;
    let order = buyer.try_order(&json!({"ticketId": ticket, "quantity": 2})).await;
    let order = text(&order.expect(201).json(), "id");
    let paid = buyer.pay(&order, GOOD_CARD).await.expect(201).json();
    let payment = text(&paid, "id");

    let contacts = said(&beside(&server, "auth-1", &["contacts"], ""));
    assert!(contacts.contains(&format!("{},{}\n", seller.id, seller.email)), "{contacts}");
    let due = |contacts: &str| {
        let list = ["payouts", "list", "--contacts", "-"];
        let listed = said(&beside(&server, "payments-1", &list, contacts));
        listed.lines().find(|line| line.starts_with(&seller.id)).map(str::to_owned)
    };
    let of_seller = |sums: &str| format!("{},{},usd,{sums}", seller.id, seller.email);
    assert_eq!(due(&contacts), Some(of_seller("40,40,0,0,0,0")));
    let record = |amount: &str| {
        let seller = seller.id.as_str();
        let args = ["payouts", "record", "--seller", seller, "--amount", amount];
        let args = [&args[..], &["--currency", "usd", "--reference", &ticket]].concat();
        beside(&server, "payments-2", &args, "")
    };
    assert!(!record("40.01").status.success(), "more than is payable");
    assert!(said(&record("15")).starts_with("booked: "));
    assert!(said(&record("15")).starts_with("booked already: "));

    let refund = ["refund", "--payment", &payment, "--amount", "20", "--units", "1"];
    let refund = [&refund[..], &["--reason", "It rains"]].concat();
    let refunded = said(&beside(&server, "payments-2", &refund, ""));
    assert!(refunded.contains("as soon as the service has seen this"), "{refunded}");
    let told = until("the buyer sees the refund", CROSSING, || async {
        let order = buyer.see_order(&order).await;
        order.get("refund").filter(|refund| !refund.is_null()).cloned()
    })
    .await;
    assert_eq!((&told["amount"], &told["units"]), (&json!(20), &json!(1)), "{told}");
    buyer.until_ticket(&ticket, |ticket| ticket["available"] == 2).await;
    assert_eq!(due(&contacts), Some(of_seller("5,40,0,20,15,0")));
    let checked = said(&beside(&server, "payments-1", &["ledger", "check"], ""));
    assert!(checked.contains("every entry sums to zero"), "{checked}");
}

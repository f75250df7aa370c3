//! How fast it is: the real server beside a bare one, on the same machine in the same run.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`client`] | a keep-alive HTTP/1.1 client that costs little |
//! | [`server`] | servers to measure: started, watched, stopped |
//! | [`processes`] | what processes have used |
//! | [`load`] | many clients at once, and what they saw |
//! | [`workloads`] | what is measured |
//! | [`page`] | the front page, which the server keeps |
//! | [`table`] | medians over several runs, printed |
//!
//! Every figure in the docs comes from `cargo xtask bench`. Figures of one run on one machine
//! compare; figures of two machines do not.

mod bare;
mod client;
mod load;
mod page;
mod processes;
mod server;
mod table;
mod workloads;

use std::process::ExitCode;

use clap::Parser;

/// Measures the marketplace beside a bare server, and prints medians over several runs. With
/// `cargo xtask bench --fleet` it is the fleet that is measured, without the front page.
#[derive(Debug, Parser)]
struct Options {
    /// Runs of each workload; medians are printed
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Seconds that each run of a reading workload takes
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Connections that load comes from
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Buyers at once with whom sales are measured a second time; 0 leaves that out. 512 where a
    /// fleet is measured, 0 where it is not
    #[arg(long)]
    crowd: Option<usize>,
    /// Tickets and orders stored before everything is measured a second time; 0 leaves that out
    #[arg(long, default_value_t = 0)]
    stored: u64,
    /// Only parts with this in their name: rest, sign-up, page, read, order, stampede, purchase,
    /// unloaded
    #[arg(long, default_value = "")]
    only: String,
    /// Folder of the web client whose front page is measured
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../client"))]
    client: std::path::PathBuf,
    /// Be the bare server (used by the bench itself)
    #[arg(long, hide = true)]
    bare: bool,
    /// A page that the bare server answers with at `/`
    #[arg(long, hide = true)]
    page: Option<std::path::PathBuf>,
}

impl Options {
    /// Whether a part is to be measured.
    fn wants(&self, part: &str) -> bool {
        part.contains(&self.only)
    }

    /// How many buy at once in the second measurement of sales, where there is one.
    fn crowd(&self) -> Option<usize> {
        let usual = if server::fleet().is_some() { 512 } else { 0 };
        Some(self.crowd.unwrap_or(usual)).filter(|crowd| *crowd > 0)
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("bench: no threads can be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        if options.bare {
            bare::serve(options.page.as_deref()).await
        } else {
            workloads::all(&options).await
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

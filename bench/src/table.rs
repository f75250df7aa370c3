//! Medians over several runs, printed as a table in Markdown.

use crate::load::Run;

/// Rows as they come.
#[derive(Default)]
pub struct Table {
    rows: Vec<[String; 4]>,
}

impl Table {
    /// A row of runs; returns the median rate, for comparing.
    pub fn runs(&mut self, what: &str, runs: &[Run], beside: Option<f64>) -> f64 {
        let rate = median(runs.iter().map(|run| run.per_second));
        let cpu = median(runs.iter().map(|run| run.cpu_per_thousand));
        let beside = beside.map_or(String::new(), |other| format!("{:.0} %", rate / other * 100.0));
        self.row(what, format!("{rate:.0}/s"), format!("{cpu:.3} s"), beside);
        rate
    }

    /// Rows of what each process of a fleet used for a thousand of `what`: the services, and what
    /// they run on.
    pub fn processes(&mut self, what: &str, runs: &[Run]) {
        let Some(first) = runs.first() else { return };
        for name in first.by_process.0.keys() {
            let used = runs.iter().filter_map(|run| run.by_process.0.get(name).copied());
            self.row(
                &format!("{what}: {name}"),
                String::new(),
                format!("{:.3} s", median(used)),
                String::new(),
            );
        }
    }

    /// A row of a single figure.
    pub fn figure(&mut self, what: &str, figure: String) {
        self.row(what, figure, String::new(), String::new());
    }

    fn row(&mut self, what: &str, figure: String, cpu: String, beside: String) {
        eprintln!("  {what}: {figure} {cpu} {beside}");
        self.rows.push([what.to_owned(), figure, cpu, beside]);
    }

    /// Prints it.
    pub fn print(&self) {
        println!("| what | median | server CPU per 1,000 | of the bare server |");
        println!("| --- | --- | --- | --- |");
        for [what, figure, cpu, beside] in &self.rows {
            println!("| {what} | {figure} | {cpu} | {beside} |");
        }
    }
}

/// The middle value.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value that `percent` of all values are at most.
pub fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(index).copied().unwrap_or(f64::NAN)
}

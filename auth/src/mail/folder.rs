//! Letters as files in a folder, for whoever has no mail server: `<letter>.eml`, which every mail
//! program opens.
//!
//! A file appears whole or not at all, under its letter's id, and is on the disk before its letter
//! counts as sent. So a letter that is sent twice, after a crash say, is one file all the same.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use tokio::fs::{self, File};
use tokio::io::{self, AsyncWriteExt as _};

use super::{Mailer, Parcel, SendError};

/// A disk that takes longer than this is not well; the letter comes again.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The folder.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at `path`, made with the first letter.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    async fn write(&self, parcel: &Parcel) -> io::Result<()> {
        if !fs::try_exists(&self.path).await? {
            fs::create_dir_all(&self.path).await?;
            if let Some(parent) = self.path.parent().filter(|parent| *parent != Path::new("")) {
                File::open(parent).await?.sync_all().await?;
            }
        }
        let unfinished = self.path.join(format!(".{}.unfinished", parcel.id));
        let mut file = File::create(&unfinished).await?;
        file.write_all(&parcel.bytes).await?;
        file.flush().await?;
        file.sync_all().await?;
        fs::rename(&unfinished, self.path.join(format!("{}.eml", parcel.id))).await?;
        File::open(&self.path).await?.sync_all().await
    }
}

#[async_trait]
impl Mailer for Folder {
    fn timeout(&self) -> Duration {
        TIMEOUT
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), SendError> {
        let written = self.write(parcel).await;
        written.map_err(|error| {
            SendError::Failed(format!("{} cannot be written: {error}", self.path.display()))
        })
    }
}

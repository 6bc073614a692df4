//! A double of those who verify tokens, on loopback.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use percent_encoding::percent_decode_str;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the double answers.
#[derive(Clone, Copy)]
pub(super) enum Says {
    Answer(&'static str, &'static str),
    /// Only the head of an answer.
    Head,
    Nothing,
}

/// What the double was asked.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) head: String,
    pub(super) form: BTreeMap<String, String>,
}

/// A double of those who verify tokens, on loopback.
pub(super) struct Verifier {
    pub(super) url: String,
    says: Arc<Mutex<Says>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Verifier {
    pub(super) async fn start(says: Says) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/turnstile/v0/siteverify", listener.local_addr().unwrap());
        let (says, asked) = (Arc::new(Mutex::new(says)), Arc::new(Mutex::new(Vec::new())));
        let (answers, counts) = (says.clone(), asked.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, answers.clone(), counts.clone()));
            }
        });
        Self { url, says, asked }
    }

    pub(super) fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    /// What it was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(mut socket: TcpStream, answers: Arc<Mutex<Says>>, counts: Arc<Mutex<Vec<Asked>>>) {
    let Some(asked) = read(&mut socket).await else { return };
    counts.lock().unwrap().push(asked);
    let says = *answers.lock().unwrap();
    let (status, length, body) = match says {
        Says::Answer(status, body) => (status, body.len(), body),
        Says::Head => ("200 OK", 16, ""),
        Says::Nothing => return std::future::pending().await,
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = socket.write_all(format!("{head}{body}").as_bytes()).await;
    if matches!(says, Says::Head) {
        std::future::pending::<()>().await;
    }
}

/// A whole request; none if its sender hangs up.
async fn read(socket: &mut TcpStream) -> Option<Asked> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(Asked { form: decoded(body), head });
            }
        }
        if socket.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
}

fn decoded(form: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned();
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

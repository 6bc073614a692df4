//! HTTP/1.1 on loopback, as much of it as the clients of a benchmark speak: a thread for each connection.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::iter;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Request, Response};

/// A body, part by part.
pub(super) type Parts = Box<dyn Iterator<Item = io::Result<Bytes>>>;

/// A server that takes no more connections once the value is gone.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Server {
    /// Answers each request; where there is no answer, the connection is closed.
    pub(super) fn start<A>(answer: A) -> io::Result<Self>
    where
        A: Fn(Request<Bytes>) -> Option<Response<Parts>> + Clone + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let answer = answer.clone();
                // A process that is killed breaks its connections off: that error says nothing.
                thread::spawn(move || converse(&stream, &answer));
            }
        });
        Ok(Self { address, over })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections, so that it sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// A response whose body is there as a whole.
pub(super) fn whole(status: u16, kind: &str, body: impl Into<Bytes>) -> Response<Parts> {
    let parts: Parts = Box::new(iter::once(Ok(body.into())));
    let mut response = Response::new(parts);
    *response.status_mut() = status.try_into().unwrap_or_default();
    response.headers_mut().extend(kind.parse().ok().map(|kind| (http::header::CONTENT_TYPE, kind)));
    response
}

fn converse(
    stream: &TcpStream,
    answer: &impl Fn(Request<Bytes>) -> Option<Response<Parts>>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(1 << 16, stream);
    let mut writer = BufWriter::with_capacity(1 << 16, stream);
    while let Some(request) = read(&mut reader)? {
        match answer(request) {
            Some(response) => write(&mut writer, response)?,
            None => break,
        }
    }
    Ok(())
}

/// The next request; none when the connection is at its end.
fn read(reader: &mut impl BufRead) -> io::Result<Option<Request<Bytes>>> {
    let first = line(reader)?;
    let mut words = first.split(' ');
    let (Some(method), Some(uri)) = (words.next(), words.next()) else { return Ok(None) };
    let mut request = Request::builder().method(method).uri(uri);
    let (mut length, mut chunked) = (0, false);
    loop {
        let header = line(reader)?;
        let Some((name, value)) = header.split_once(':') else { break };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().map_err(io::Error::other)?,
            "transfer-encoding" => chunked = value.contains("chunked"),
            _ => {}
        }
        request = request.header(name, value);
    }
    let body = if chunked { read_chunks(reader)? } else { read_bytes(reader, length)? };
    request.body(body.into()).map(Some).map_err(io::Error::other)
}

fn read_chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(reader)?;
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default(), 16)
            .map_err(io::Error::other)?;
        body.extend(read_bytes(reader, size)?);
        line(reader)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn read_bytes(reader: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn write(writer: &mut impl Write, response: Response<Parts>) -> io::Result<()> {
    let (head, mut parts) = response.into_parts();
    write!(writer, "HTTP/1.1 {}\r\n", head.status)?;
    for (name, value) in &head.headers {
        write!(writer, "{name}: ")?;
        writer.write_all(value.as_bytes())?;
        writer.write_all(b"\r\n")?;
    }
    if !head.headers.contains_key(CONTENT_LENGTH) {
        let body = parts.collect::<io::Result<Vec<Bytes>>>()?.concat();
        write!(writer, "{CONTENT_LENGTH}: {}\r\n", body.len())?;
        parts = Box::new(iter::once(Ok(body.into())));
    }
    writer.write_all(b"\r\n")?;
    for part in parts {
        writer.write_all(&part?)?;
    }
    writer.flush()
}

//! The bucket's files: of each object that comes where a function waits for it, the queue gets a message.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{Extensions, HeaderMap, Method, Uri};
use leadline::BoxError;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, dto};
use s3s_fs::FileSystem;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::Queue;
use super::journal::{Entry, Stage};
use super::message::{Message, Object, TEST_EVENT};

/// Files, and whom to tell. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    files: Arc<FileSystem>,
    root: Arc<Path>,
    bucket: Arc<str>,
    queue: Queue,
    keys: Arc<Keys>,
}

impl Watched {
    /// The files of this bucket below `root`.
    pub(crate) fn new(files: FileSystem, root: &Path, bucket: &str, queue: Queue) -> Self {
        Self { files: Arc::new(files), root: root.into(), bucket: bucket.into(), queue, keys: Arc::default() }
    }

    /// Who is told.
    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Tells again what earlier runs left in the journal; at the very first, what S3 begins with.
    pub(crate) async fn recover(&self) -> Result<(), BoxError> {
        let Some(entries) = self.queue.0.journal.entries()? else {
            return Ok(self.queue.begin(&self.bucket).await?);
        };
        for (entry, stage) in entries {
            if entry.event == TEST_EVENT {
                self.queue.add(Message::test(entry, &self.bucket));
                continue;
            }
            if stage == Stage::Announced {
                self.remove_half(&entry.key).await?;
                self.queue.0.journal.raise(entry.id)?;
            }
            self.tell(entry).await?;
        }
        Ok(())
    }

    /// Runs a put to its end, also if the client hangs up: what it does and what is told of it must agree.
    async fn put<T: Send + 'static>(
        &self,
        event: &'static str,
        (bucket, key): (String, String),
        put: impl Future<Output = S3Result<T>> + Send + 'static,
    ) -> S3Result<T> {
        let it = self.clone();
        let task = tokio::spawn(async move {
            let _alone = it.keys.lock(&key).await;
            if bucket != *it.bucket || !it.queue.watches(&key) {
                return put.await;
            }
            let entry = Entry::new(event, &key);
            let id = entry.id;
            it.queue.0.journal.announce(&entry).await.map_err(S3Error::internal_error)?;
            let answer = put.await;
            let noted = if answer.is_ok() { it.raise(entry).await } else { it.withdraw(entry).await };
            if let Err(error) = noted {
                tracing::error!(message_id = %id, code = error.code().as_str(), "an event waits for the next start");
            }
            answer
        });
        task.await.map_err(S3Error::internal_error)?
    }

    /// The object is there.
    async fn raise(&self, entry: Entry) -> S3Result<()> {
        self.queue.0.journal.raise(entry.id).map_err(S3Error::internal_error)?;
        self.tell(entry).await
    }

    /// The object was not put.
    async fn withdraw(&self, entry: Entry) -> S3Result<()> {
        self.remove_half(&entry.key).await?;
        self.queue.0.journal.remove(entry.id);
        Ok(())
    }

    /// Adds a message, unless the object is gone again or nobody asks for it any more.
    async fn tell(&self, entry: Entry) -> S3Result<()> {
        match self.object(&entry.key).await? {
            Some(object) if self.queue.watches(&entry.key) => {
                self.queue.add(Message::created(entry, &self.bucket, &object));
            }
            _ => self.queue.0.journal.remove(entry.id),
        }
        Ok(())
    }

    async fn object(&self, key: &str) -> S3Result<Option<Object>> {
        let (bucket, key) = (self.bucket.to_string(), key.to_owned());
        let input = dto::HeadObjectInput { bucket, key, ..Default::default() };
        match self.files.head_object(request(Method::HEAD, input)).await {
            Ok(S3Response { output, .. }) => Ok(Some(Object {
                size: output.content_length.unwrap_or_default(),
                e_tag: output.e_tag.map(|tag| tag.value().to_owned()).unwrap_or_default(),
            })),
            Err(error) if *error.code() == S3ErrorCode::NoSuchKey => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes an object whose put broke off. s3s-fs shows an object before it is checked and before what else is
    /// known of it is written, so that one could be read without its metadata; to S3 there is no such object.
    async fn remove_half(&self, key: &str) -> S3Result<()> {
        let [bucket, object] = [&*self.bucket, key].map(|name| BASE64_URL_SAFE_NO_PAD.encode(name));
        let written_last = self.root.join(format!(".bucket-{bucket}.object-{object}.internal.json"));
        if modified(written_last) < modified(self.root.join(&*self.bucket).join(key)) {
            let (bucket, key) = (self.bucket.to_string(), key.to_owned());
            let input = dto::DeleteObjectInput { bucket, key, ..Default::default() };
            self.files.delete_object(request(Method::DELETE, input)).await?;
        }
        Ok(())
    }
}

/// None if there is no such file, which is before all times.
fn modified(path: PathBuf) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

/// A request of our own.
fn request<T>(method: Method, input: T) -> S3Request<T> {
    S3Request {
        input,
        method,
        uri: Uri::default(),
        headers: HeaderMap::new(),
        extensions: Extensions::new(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}

/// One put of a key at a time: s3s-fs asks whether an object is there that must not be, then reads the body, then
/// writes.
#[derive(Debug, Default)]
struct Keys(Mutex<HashMap<String, Weak<AsyncMutex<()>>>>);

impl Keys {
    async fn lock(&self, key: &str) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            locks.retain(|_, lock| lock.strong_count() > 0);
            let lock = locks.get(key).and_then(Weak::upgrade).unwrap_or_default();
            locks.insert(key.to_owned(), Arc::downgrade(&lock));
            lock
        };
        lock.lock_owned().await
    }
}

/// What an operation of [`S3`] answers.
type Answer<'a, T> = Pin<Box<dyn Future<Output = S3Result<S3Response<T>>> + Send + 'a>>;

/// Operations that are done as they are.
macro_rules! pass {
    ($($operation:ident($input:ident) -> $output:ident;)+) => {$(
        fn $operation<'a, 'b>(&'a self, request: S3Request<dto::$input>) -> Answer<'b, dto::$output>
        where
            'a: 'b,
            Self: 'b,
        {
            self.files.$operation(request)
        }
    )+};
}

/// Operations that put an object, and what S3 calls that.
macro_rules! watch {
    ($($operation:ident($input:ident) -> $output:ident: $event:literal;)+) => {$(
        fn $operation<'a, 'b>(&'a self, request: S3Request<dto::$input>) -> Answer<'b, dto::$output>
        where
            'a: 'b,
            Self: 'b,
        {
            let place = (request.input.bucket.clone(), request.input.key.clone());
            let files = Arc::clone(&self.files);
            Box::pin(self.put($event, place, async move { files.$operation(request).await }))
        }
    )+};
}

impl S3 for Watched {
    pass! {
        abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput;
        create_bucket(CreateBucketInput) -> CreateBucketOutput;
        create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput;
        delete_bucket(DeleteBucketInput) -> DeleteBucketOutput;
        delete_object(DeleteObjectInput) -> DeleteObjectOutput;
        delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput;
        get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput;
        get_object(GetObjectInput) -> GetObjectOutput;
        head_bucket(HeadBucketInput) -> HeadBucketOutput;
        head_object(HeadObjectInput) -> HeadObjectOutput;
        list_buckets(ListBucketsInput) -> ListBucketsOutput;
        list_objects(ListObjectsInput) -> ListObjectsOutput;
        list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output;
        list_parts(ListPartsInput) -> ListPartsOutput;
        upload_part(UploadPartInput) -> UploadPartOutput;
        upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput;
    }

    watch! {
        put_object(PutObjectInput) -> PutObjectOutput: "ObjectCreated:Put";
        post_object(PostObjectInput) -> PostObjectOutput: "ObjectCreated:Post";
        copy_object(CopyObjectInput) -> CopyObjectOutput: "ObjectCreated:Copy";
        complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput:
            "ObjectCreated:CompleteMultipartUpload";
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tempfile::TempDir;

    use super::super::tests::{app, queue};
    use super::*;

    const BUCKET: &str = "bucket";

    /// What the folder of a stack holds.
    fn open(home: &TempDir) -> Watched {
        let root = home.path().join("s3");
        fs::create_dir_all(root.join(BUCKET)).unwrap();
        Watched::new(FileSystem::new(&root).unwrap(), &root, BUCKET, queue(&home.path().join("events")))
    }

    fn new(key: &str, text: &str) -> dto::PutObjectInput {
        dto::PutObjectInput {
            bucket: BUCKET.to_owned(),
            key: key.to_owned(),
            body: Some(s3s::Body::from(text.to_owned()).into()),
            ..Default::default()
        }
    }

    async fn put(bucket: &Watched, input: dto::PutObjectInput) -> S3Result<()> {
        bucket.put_object(request(Method::PUT, input)).await.map(drop)
    }

    /// The record in the message that has waited longest.
    fn record(bucket: &Watched) -> Value {
        let event = bucket.queue.take().unwrap().event();
        let body: Value = serde_json::from_str(event["Records"][0]["body"].as_str().unwrap()).unwrap();
        body["Records"][0].clone()
    }

    #[tokio::test]
    async fn objects_under_a_watched_prefix_are_told_of() {
        let home = TempDir::new().unwrap();
        let bucket = open(&home);

        put(&bucket, new("imports/x/a b.csv", "hello")).await.unwrap();
        put(&bucket, new("results/x/a.csv", "hello")).await.unwrap();

        assert_eq!(bucket.queue.count(), 1);
        let record = record(&bucket);
        assert_eq!(record["eventName"], "ObjectCreated:Put");
        assert_eq!(record["s3"]["bucket"]["name"], BUCKET);
        assert_eq!(record["s3"]["object"]["key"], "imports/x/a+b.csv");
        assert_eq!(record["s3"]["object"]["size"], 5);
        assert_eq!(record["s3"]["object"]["eTag"], "5d41402abc4b2a76b9719d911017c592");
    }

    #[tokio::test]
    async fn each_put_of_a_key_is_told_of_and_so_is_a_copy() {
        let home = TempDir::new().unwrap();
        let bucket = open(&home);
        put(&bucket, new("imports/a.csv", "one")).await.unwrap();
        put(&bucket, new("imports/a.csv", "two!")).await.unwrap();

        let source = dto::CopySource::parse("bucket/imports/a.csv").unwrap();
        let copy = dto::CopyObjectInput::builder().bucket(BUCKET.to_owned()).key("imports/b.csv".to_owned());
        let copy = copy.copy_source(source).build().unwrap();
        bucket.copy_object(request(Method::PUT, copy)).await.unwrap();

        let told = [record(&bucket), record(&bucket), record(&bucket)];
        let sizes = told.each_ref().map(|record| record["s3"]["object"]["size"].as_i64().unwrap());
        assert_eq!((sizes, &told[2]["eventName"]), ([3, 4, 4], &Value::from("ObjectCreated:Copy")));
        let sequence = told.each_ref().map(|record| record["s3"]["object"]["sequencer"].as_str().unwrap());
        assert!(sequence.is_sorted());
    }

    #[tokio::test]
    async fn a_put_that_fails_leaves_nothing_and_is_not_told_of() {
        let home = TempDir::new().unwrap();
        let bucket = open(&home);

        let damaged = dto::PutObjectInput {
            content_md5: Some("1B2M2Y8AsgTpgAmY7PhCfg==".to_owned()),
            ..new("imports/a.csv", "hello")
        };
        let without_body = dto::PutObjectInput { body: None, ..new("imports/b.csv", "") };

        assert!(put(&bucket, damaged).await.is_err() && put(&bucket, without_body).await.is_err());
        assert!(bucket.object("imports/a.csv").await.unwrap().is_none());
        assert_eq!((bucket.queue.count(), fs::read_dir(home.path().join("events")).unwrap().count()), (0, 0));
    }

    #[tokio::test]
    async fn what_was_not_handled_is_told_again_at_the_next_start() {
        let home = TempDir::new().unwrap();
        let (app, killed) = (app(), open(&home));
        for key in ["imports/a.csv", "imports/b.csv", "imports/gone.csv"] {
            put(&killed, new(key, "hello")).await.unwrap();
        }
        let handled = killed.queue.take().unwrap();
        while !killed.queue.deliver(&app, &handled).await {}
        fs::remove_file(home.path().join("s3/bucket/imports/gone.csv")).unwrap();

        let bucket = open(&home);
        bucket.recover().await.unwrap();

        assert_eq!(bucket.queue.count(), 1);
        assert_eq!(record(&bucket)["s3"]["object"]["key"], "imports/b.csv");
    }

    #[tokio::test]
    async fn a_put_that_was_killed_is_told_of_if_its_object_is_whole_and_undone_if_not() {
        let home = TempDir::new().unwrap();
        let killed = open(&home);
        let folder = home.path().join("s3/bucket/imports");
        put(&killed, new("imports/whole.csv", "hello")).await.unwrap();
        fs::write(folder.join("half.csv"), "hello").unwrap();
        fs::remove_dir_all(home.path().join("events")).unwrap();
        for key in ["imports/whole.csv", "imports/half.csv", "imports/none.csv"] {
            killed.queue.0.journal.announce(&Entry::new("ObjectCreated:Put", key)).await.unwrap();
        }

        let bucket = open(&home);
        bucket.recover().await.unwrap();

        assert_eq!(bucket.queue.count(), 1);
        assert_eq!(record(&bucket)["s3"]["object"]["key"], "imports/whole.csv");
        assert!(!folder.join("half.csv").exists());
    }

    #[tokio::test]
    async fn only_the_first_start_begins_with_a_test_event() {
        let home = TempDir::new().unwrap();
        let (app, first) = (app(), open(&home));
        first.recover().await.unwrap();
        let message = first.queue.take().unwrap();
        assert!(message.event()["Records"][0]["body"].as_str().unwrap().contains(TEST_EVENT));

        let unread = open(&home);
        unread.recover().await.unwrap();
        assert_eq!(unread.queue.count(), 1);
        while !unread.queue.deliver(&app, &message).await {}

        let read = open(&home);
        read.recover().await.unwrap();
        assert_eq!(read.queue.count(), 0);
    }

    #[tokio::test]
    async fn of_two_puts_at_once_where_nothing_may_be_one_is_done() {
        let home = TempDir::new().unwrap();
        let bucket = open(&home);
        let [one, two] = ["one", "two"].map(|text| dto::PutObjectInput {
            if_none_match: Some(dto::ETagCondition::Any),
            ..new("imports/a.csv", text)
        });

        let (one, two) = tokio::join!(put(&bucket, one), put(&bucket, two));

        assert_ne!(one.is_ok(), two.is_ok());
        assert_eq!(bucket.queue.count(), 1);
    }
}

//! IAM in small: what the template lets each function do, held against each request that a function makes.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use http::Uri;
use leadctl::role;
use leadctl::template;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::bucket::BUCKET;

/// The variable that names the file to which is told what functions did.
pub const USED: &str = "LEADLINE_TESTS_USED";
/// As the template says table and bucket.
const TABLE_ARN: &str = "Table.Arn";
const BUCKET_ARN: &str = "Bucket.Arn";

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| template::shipped().unwrap());
/// What the policies of each function say, by its binary; those too that it shares with others.
static STATEMENTS: LazyLock<BTreeMap<&str, Vec<Statement>>> = LazyLock::new(|| {
    let functions = resources().values().filter(|it| it["Type"] == "AWS::Serverless::Function");
    functions
        .map(|it| (it["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap(), statements(it)))
        .collect()
});

/// A request as IAM sees it.
#[derive(Debug)]
pub(crate) struct Asked {
    action: String,
    resource: String,
    /// `dynamodb:LeadingKeys`.
    keys: Vec<String>,
    /// `dynamodb:Attributes`, of updates only.
    attributes: Vec<String>,
}

/// What was asked for by functions. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guard(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    used: BTreeSet<String>,
    denied: BTreeSet<String>,
}

impl Guard {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the function that this task runs may do all of it. Who is no function may do everything.
    pub(crate) fn admits(&self, asked: impl FnOnce() -> Vec<Asked>) -> bool {
        let Some(function) = role::current() else { return true };
        let (statements, mut admits) = (&STATEMENTS[function], true);
        for asked in asked() {
            let matching = || statements.iter().filter(|statement| statement.covers(&asked));
            if matching().next().is_some() && matching().all(|statement| statement.allows) {
                let grants = matching().flat_map(Statement::grants).filter(|grant| grant.is_used_by(&asked));
                self.state().used.extend(grants.map(|grant| grant.of(function)));
            } else {
                let Asked { action, resource, keys, .. } = &asked;
                self.state().denied.insert(format!("{function} {action} {resource} {keys:?}"));
                admits = false;
            }
        }
        admits
    }

    /// What functions asked for that the template does not let them do.
    pub(crate) fn denied(&self) -> BTreeSet<String> {
        self.state().denied.clone()
    }

    /// Appends what they did to the file that [`USED`] names, if it names one, in the words of [`granted`].
    pub(crate) fn tell(&self) {
        let Some(path) = env::var_os(USED) else { return };
        let lines: String = self.state().used.iter().map(|grant| format!("{grant}\n")).collect();
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(lines.as_bytes()).unwrap();
    }
}

/// Everything that the template lets functions do with table and bucket: function, action and resource, or function and
/// how keys begin.
pub fn granted() -> BTreeSet<String> {
    let mut granted = BTreeSet::new();
    for (binary, statements) in &*STATEMENTS {
        for statement in statements.iter().filter(|statement| statement.allows) {
            granted.extend(statement.grants().map(|grant| grant.of(binary)));
        }
    }
    granted
}

/// A thing that a statement lets one do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Grant {
    Action { action: String, resource: String },
    Keys(String),
}

impl Grant {
    fn is_used_by(&self, asked: &Asked) -> bool {
        match self {
            Self::Action { action, resource } => *action == asked.action && like(resource, &asked.resource),
            Self::Keys(pattern) => asked.keys.iter().any(|key| like(pattern, key)),
        }
    }

    fn of(&self, function: &str) -> String {
        match self {
            Self::Action { action, resource } => format!("{function} {action} {resource}"),
            Self::Keys(pattern) => format!("{function} keys {pattern}"),
        }
    }
}

#[derive(Debug)]
struct Statement {
    allows: bool,
    actions: Vec<&'static str>,
    resources: Vec<&'static str>,
    condition: Option<&'static Map<String, Value>>,
}

impl Statement {
    fn read(statement: &'static Value) -> Self {
        Self {
            allows: statement["Effect"] == "Allow",
            actions: texts(&statement["Action"]),
            resources: texts(&statement["Resource"]),
            condition: statement["Condition"].as_object(),
        }
    }

    /// Whether it says something of this.
    fn covers(&self, asked: &Asked) -> bool {
        self.actions.contains(&&*asked.action)
            && self.resources.iter().any(|pattern| like(pattern, &asked.resource))
            && self.conditions().all(|(operator, key, patterns)| holds(operator, key, &patterns, asked))
    }

    fn conditions(&self) -> impl Iterator<Item = (&'static str, &'static str, Vec<&'static str>)> {
        let of = |(operator, keys): (&'static String, &'static Value)| {
            let keys = keys.as_object().unwrap().iter();
            keys.map(move |(key, patterns)| (operator.as_str(), key.as_str(), texts(patterns)))
        };
        self.condition.into_iter().flatten().flat_map(of)
    }

    /// Each of what it lets one do. Of tokens, queues and traces the code here never asks by itself.
    fn grants(&self) -> impl Iterator<Item = Grant> {
        let pairs = self.actions.iter().flat_map(|action| self.resources.iter().map(move |it| (action, it)));
        let ours = pairs.filter(|(action, _)| action.starts_with("dynamodb:") || action.starts_with("s3:"));
        let actions = ours.map(|(action, resource)| Grant::Action {
            action: (*action).to_owned(),
            resource: (*resource).to_owned(),
        });
        let patterns = self.conditions().filter(|(_, key, _)| *key == "dynamodb:LeadingKeys");
        let keys =
            patterns.flat_map(|(.., patterns)| patterns).map(|pattern| Grant::Keys(pattern.to_owned()));
        actions.chain(keys)
    }
}

fn resources() -> &'static Map<String, Value> {
    TEMPLATE["Resources"].as_object().unwrap()
}

fn statements(function: &'static Value) -> Vec<Statement> {
    let policies = function["Properties"]["Policies"].as_array().into_iter().flatten();
    let documents = policies.map(|policy| match policy.as_str() {
        Some(managed) => &resources()[managed]["Properties"]["PolicyDocument"],
        None => policy,
    });
    let statements = documents.flat_map(|document| document["Statement"].as_array().unwrap());
    statements.map(|statement| Statement::read(chosen(statement))).collect()
}

/// Of an `!If`, what stands for a stack with a token's secret and its own table.
fn chosen(value: &'static Value) -> &'static Value {
    let condition = value.as_array().and_then(|choice| choice[0].as_str());
    match condition {
        Some("HasTokenSecret") => &value[1],
        Some("TableIsRestored") => &value[2],
        _ => value,
    }
}

/// One text, or many.
fn texts(value: &'static Value) -> Vec<&'static str> {
    match chosen(value) {
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().map(|text| text.as_str().unwrap()).collect(),
        other => panic!("neither text nor texts: {other}"),
    }
}

fn holds(operator: &str, key: &str, patterns: &[&str], asked: &Asked) -> bool {
    let values = match key {
        "dynamodb:LeadingKeys" => &asked.keys,
        "dynamodb:Attributes" => &asked.attributes,
        other => panic!("nothing is known here of {other}"),
    };
    let is_like = |value: &String| patterns.iter().any(|pattern| like(pattern, value));
    match operator {
        "ForAllValues:StringLike" => values.iter().all(is_like),
        "ForAnyValue:StringLike" => values.iter().any(is_like),
        "ForAnyValue:StringNotEquals" => values.iter().any(|value| !patterns.contains(&&**value)),
        other => panic!("nothing is known here of {other}"),
    }
}

/// A text against a pattern of IAM: `*` is any number of any characters, `?` is one.
fn like(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return text.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    match first {
        '*' => text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| like(rest, &text[at..])),
        _ => {
            let mut left = text.chars();
            left.next().is_some_and(|next| first == '?' || first == next) && like(rest, left.as_str())
        }
    }
}

/// A request to DynamoDB; a transaction is asked for as what it is made of.
pub(crate) fn of_table(operation: &str, body: &Value) -> Vec<Asked> {
    let (action, requests) = match operation {
        "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().unwrap().iter();
            let items = items.flat_map(|item| item.as_object().unwrap());
            let action = |kind: &str| match kind {
                "ConditionCheck" => "ConditionCheckItem".to_owned(),
                kind => format!("{kind}Item"),
            };
            return items.flat_map(|(kind, request)| of_table(&action(kind), request)).collect();
        }
        "TransactGetItems" => {
            let items = body["TransactItems"].as_array().unwrap().iter();
            return items.flat_map(|item| of_table("GetItem", &item["Get"])).collect();
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().unwrap().values();
            let requests = tables.flat_map(|it| it.get("Keys").unwrap_or(it).as_array().unwrap());
            (operation, requests.collect())
        }
        _ => (operation, vec![body]),
    };
    let keys = requests.iter().map(|request| leading_key(request).to_owned()).collect();
    let attributes = if action == "UpdateItem" { attributes(body) } else { Vec::new() };
    vec![Asked { action: format!("dynamodb:{action}"), resource: TABLE_ARN.to_owned(), keys, attributes }]
}

fn leading_key(request: &Value) -> &str {
    const PLACES: [&str; 6] = [
        "/Key/PK/S",
        "/Item/PK/S",
        "/PutRequest/Item/PK/S",
        "/DeleteRequest/Key/PK/S",
        "/ExpressionAttributeValues/:pk/S", // a query's
        "/PK/S",
    ];
    let found = PLACES.iter().find_map(|place| request.pointer(place)?.as_str());
    found.unwrap_or_else(|| panic!("it has no key: {request}"))
}

/// The attributes that an update names.
fn attributes(request: &Value) -> Vec<String> {
    const WORDS: [&str; 12] = [
        "SET",
        "ADD",
        "REMOVE",
        "DELETE",
        "AND",
        "OR",
        "NOT",
        "BETWEEN",
        "attribute_exists",
        "attribute_not_exists",
        "if_not_exists",
        "begins_with",
    ];
    let texts =
        ["UpdateExpression", "ConditionExpression"].map(|it| request[it].as_str().unwrap_or_default());
    let text = texts.join(" ");
    let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '#' | ':')));
    let words = words.filter(|word| !word.is_empty() && !word.starts_with(':') && !WORDS.contains(word));
    let words = words.filter(|word| word.parse::<f64>().is_err());
    let named = words.map(|word| match word.starts_with('#') {
        true => request["ExpressionAttributeNames"][word].as_str().unwrap().to_owned(),
        false => word.to_owned(),
    });
    named.chain(["PK", "SK"].map(str::to_owned)).collect()
}

/// A request to S3 for one object; one that is not there is told of only to those who may list the bucket.
pub(crate) fn of_bucket(operation: &str, uri: &Uri, is_there: bool) -> Vec<Asked> {
    let asked = |action: &str, resource: String| Asked {
        action: format!("s3:{action}"),
        resource,
        keys: Vec::new(),
        attributes: Vec::new(),
    };
    let path = percent_decode_str(uri.path()).decode_utf8().unwrap();
    let key = path.trim_start_matches('/').trim_start_matches(BUCKET).trim_start_matches('/');
    let object = format!("${{{BUCKET_ARN}}}/{key}");
    let action = match operation {
        "GetObject" | "HeadObject" if uri.query().is_some_and(|query| query.contains("versionId=")) => {
            "GetObjectVersion"
        }
        "GetObject" | "HeadObject" => "GetObject",
        "PutObject" => "PutObject",
        "DeleteObject" => "DeleteObject",
        other => panic!("no function calls {other}"),
    };
    let mut all = vec![asked(action, object)];
    if !is_there {
        all.push(asked("ListBucket", BUCKET_ARN.to_owned()));
    }
    all
}

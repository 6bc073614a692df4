//! What the local stack takes from `template.yaml`, so that nothing is written twice: routes, table and who is told of
//! what comes into the bucket.

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

const SHIPPED: &str = include_str!("../../template.yaml");

/// A route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// A method, or `ANY`.
    pub method: String,
    /// As the template spells it: `/api/leads/{pk}`, `/x/{proxy+}`, `$default`.
    pub path: String,
    /// The binary that answers, such as `lead-list`.
    pub function: String,
}

/// Objects that a function is told of when they come, by the bucket's queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// How their keys begin.
    pub prefix: String,
    /// The binary that reads the queue, such as `lead-import`.
    pub function: String,
}

/// The part of a deployment that runs on this machine too.
#[derive(Debug, Clone)]
pub struct Template {
    pub routes: Vec<Route>,
    pub notifications: Vec<Notification>,
    /// A `CreateTable` request without the name.
    pub table: Value,
    /// The table's `TimeToLiveSpecification`.
    pub time_to_live: Option<Value>,
}

/// The template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("the template is no YAML")]
    Yaml(#[from] serde_yaml_ng::Error),
    #[error("the template's function {0} has routes or a queue but no Metadata.BuildProperties.Binary")]
    Binary(String),
    #[error("no function reads the queue that the template's bucket tells of {0:?}")]
    Unread(String),
    #[error("the template must have exactly one table, not {0}")]
    Tables(usize),
}

/// The whole template that ships, as JSON; of a tagged value (`!Ref Table`, `!If […]`) only what stands behind the tag.
pub fn shipped() -> Result<Value, TemplateError> {
    Ok(plain(&serde_yaml_ng::from_str(SHIPPED)?))
}

impl Template {
    /// The template that ships.
    pub fn shipped() -> Result<Self, TemplateError> {
        Self::parse(SHIPPED)
    }

    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let template = plain(&serde_yaml_ng::from_str(text)?);
        let resources = template["Resources"].as_object().cloned().unwrap_or_default();
        let of_type = |kind: &'static str| resources.iter().filter(move |(_, it)| it["Type"] == kind);

        let mut routes = Vec::new();
        for (name, function) in of_type("AWS::Serverless::Function") {
            routes.extend(routes_of(name, function)?);
        }
        let tables = of_type("AWS::DynamoDB::Table").map(|(_, table)| &table["Properties"]);
        let tables: Vec<&Value> = tables.collect();
        let &[table] = tables.as_slice() else { return Err(TemplateError::Tables(tables.len())) };
        let time_to_live = table.get("TimeToLiveSpecification").cloned();
        let mut notifications = Vec::new();
        for (prefix, queue) in of_type("AWS::S3::Bucket").flat_map(|(_, bucket)| told(bucket)) {
            let mut mappings = of_type("AWS::Lambda::EventSourceMapping").map(|(_, it)| &it["Properties"]);
            let reader = mappings.find(|it| it["EventSourceArn"] == *queue);
            let reader = reader.and_then(|it| resources.get_key_value(it["FunctionName"].as_str()?));
            let (name, function) = reader.ok_or_else(|| TemplateError::Unread(prefix.to_owned()))?;
            let function = binary_of(name, function)?.to_owned();
            notifications.push(Notification { prefix: prefix.to_owned(), function });
        }
        Ok(Self { routes, notifications, table: create_table(table), time_to_live })
    }

    /// The `CreateTable` request for a table of that name.
    pub fn create_table(&self, name: &str) -> Value {
        let mut request = self.table.clone();
        request["TableName"] = json!(name);
        request
    }
}

fn routes_of(name: &str, function: &Value) -> Result<Vec<Route>, TemplateError> {
    let events = function["Properties"]["Events"].as_object().into_iter().flat_map(Map::values);
    let events: Vec<&Value> = events.filter(|it| it["Type"] == "HttpApi").collect();
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let binary = binary_of(name, function)?;
    let route = |event: &Value| Route {
        method: event["Properties"]["Method"].as_str().unwrap_or("ANY").to_uppercase(),
        path: event["Properties"]["Path"].as_str().unwrap_or("$default").to_owned(),
        function: binary.to_owned(),
    };
    Ok(events.into_iter().map(route).collect())
}

fn binary_of<'a>(name: &str, function: &'a Value) -> Result<&'a str, TemplateError> {
    let binary = function["Metadata"]["BuildProperties"]["Binary"].as_str();
    binary.ok_or_else(|| TemplateError::Binary(name.to_owned()))
}

/// How keys of objects begin that a bucket tells of, each with the queue.
fn told(bucket: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let told = &bucket["Properties"]["NotificationConfiguration"]["QueueConfigurations"];
    let told = told.as_array().into_iter().flatten().filter(|it| it["Event"] == "s3:ObjectCreated:*");
    told.map(|it| {
        let mut rules = it["Filter"]["S3Key"]["Rules"].as_array().into_iter().flatten();
        let prefix = rules.find(|rule| rule["Name"] == "prefix").and_then(|rule| rule["Value"].as_str());
        (prefix.unwrap_or_default(), &it["Queue"])
    })
}

fn create_table(properties: &Value) -> Value {
    const KEPT: [&str; 4] = ["KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes"];
    let kept = KEPT.iter().filter_map(|&name| Some((name.to_owned(), properties.get(name)?.clone())));
    Value::Object(kept.collect())
}

/// YAML as JSON, see [`shipped`].
fn plain(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => json!(flag),
        Yaml::Number(number) => number
            .as_i64()
            .map(Value::from)
            .or_else(|| number.as_u64().map(Value::from))
            .unwrap_or_else(|| json!(number.as_f64())),
        Yaml::String(text) => json!(text),
        Yaml::Sequence(values) => values.iter().map(plain).collect(),
        Yaml::Mapping(pairs) => {
            let named = |(key, value): (&Yaml, &Yaml)| Some((key.as_str()?.to_owned(), plain(value)));
            Value::Object(pairs.iter().filter_map(named).collect())
        }
        Yaml::Tagged(tagged) => plain(&tagged.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub '${AWS::StackName}-table'
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: PK, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: PK, AttributeType: S}]
      TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}
  ListFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: lead-list}}
    Properties:
      Role: !GetAtt Role.Arn
      Events:
        Get: {Type: HttpApi, Properties: {Method: get, Path: /api/leads, ApiId: !Ref Api}}
        Rest: {Type: HttpApi, Properties: {Path: $default}}
        Night: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
  ImportFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: lead-import}}
  ImportEvents:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref ImportFunction, EventSourceArn: !GetAtt ImportQueue.Arn}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration:
        QueueConfigurations:
          - Event: s3:ObjectCreated:*
            Queue: !GetAtt ImportQueue.Arn
            Filter: {S3Key: {Rules: [{Name: prefix, Value: imports/}]}}
          - Event: s3:ObjectRemoved:*
            Queue: !GetAtt OtherQueue.Arn
";

    #[test]
    fn routes_and_table_are_read_past_tags() {
        let template = Template::parse(TEXT).unwrap();

        let route = |method: &str, path: &str| Route {
            method: method.to_owned(),
            path: path.to_owned(),
            function: "lead-list".to_owned(),
        };
        assert_eq!(template.routes, [route("GET", "/api/leads"), route("ANY", "$default")]);
        assert_eq!(template.create_table("t")["TableName"], "t");
        assert_eq!(template.table["KeySchema"][0]["AttributeName"], "PK");
        assert_eq!(template.time_to_live.unwrap()["AttributeName"], "expires_at");
    }

    #[test]
    fn who_is_told_of_objects_is_read() {
        let notifications = Template::parse(TEXT).unwrap().notifications;

        let (prefix, function) = ("imports/".to_owned(), "lead-import".to_owned());
        assert_eq!(notifications, [Notification { prefix, function }]);
    }

    #[test]
    fn a_queue_that_nobody_reads_is_an_error() {
        let text =
            TEXT.replace("EventSourceArn: !GetAtt ImportQueue.Arn", "EventSourceArn: !GetAtt OtherQueue.Arn");

        assert!(matches!(Template::parse(&text), Err(TemplateError::Unread(prefix)) if prefix == "imports/"));
    }

    #[test]
    fn the_template_that_ships_is_understood() {
        assert!(!Template::shipped().unwrap().routes.is_empty());
    }

    #[test]
    fn a_function_with_routes_but_no_binary_is_an_error() {
        let text = TEXT.replace("{Binary: lead-list}", "{}");

        assert!(matches!(Template::parse(&text), Err(TemplateError::Binary(name)) if name == "ListFunction"));
    }
}

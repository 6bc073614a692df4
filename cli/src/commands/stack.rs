//! A stack on AWS, as its outputs tell of it.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::DisplayErrorContext;
use aws_sdk_cloudformation::types::Output;
use aws_types::SdkConfig;
use leadline::BoxError;
use leadline::config::{TokenConfig, TokenKeys};

/// The outputs of a stack that was made from `template.yaml`.
#[derive(Debug)]
pub(super) struct Stack {
    name: String,
    outputs: Vec<Output>,
}

impl Stack {
    /// Asks CloudFormation, in the region of the usual AWS environment.
    pub(super) async fn find(name: String, config: &SdkConfig) -> Result<Self, BoxError> {
        let described = Client::new(config).describe_stacks().stack_name(&name).send().await;
        let described = described.map_err(|error| match error.as_service_error() {
            Some(told) => format!("CloudFormation says: {}", told.meta().message().unwrap_or("no")),
            None => format!("CloudFormation cannot be asked: {}", DisplayErrorContext(&error)),
        })?;
        let stack = described.stacks.unwrap_or_default().into_iter().next();
        let stack = stack.ok_or_else(|| format!("there is no stack {name}"))?;
        Ok(Self { name, outputs: stack.outputs.unwrap_or_default() })
    }

    /// The table's name.
    pub(super) fn table(&self) -> Result<&str, BoxError> {
        self.needed("TableName")
    }

    /// The bucket's name.
    pub(super) fn bucket(&self) -> Result<&str, BoxError> {
        self.needed("BucketName")
    }

    /// The address of its API.
    pub(super) fn api(&self) -> Result<&str, BoxError> {
        self.needed("ApiUrl")
    }

    /// How tokens are signed there; an error if that is not for us to do.
    pub(super) fn token(&self) -> Result<TokenConfig, BoxError> {
        let text = |name| self.output(name).map(str::to_owned);
        let arn = text("TokenSecretArn").ok_or("tokens of this stack are issued by its identity provider")?;
        let (issuer, audience) = (text("TokenIssuer"), text("TokenAudience"));
        Ok(TokenConfig { keys: TokenKeys::SecretArn(arn), issuer, audience })
    }

    fn needed(&self, output: &str) -> Result<&str, BoxError> {
        let missing = || format!("the stack {} has no output {output}; is it one of Leadline?", self.name);
        Ok(self.output(output).ok_or_else(missing)?)
    }

    fn output(&self, name: &str) -> Option<&str> {
        let output = self.outputs.iter().find(|output| output.output_key() == Some(name))?;
        output.output_value().filter(|value| !value.is_empty())
    }
}

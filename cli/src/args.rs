//! The words of the command line.

mod values;

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args as ClapArgs, Parser, Subcommand};
use leadline::domain::{KeyId, OnDuplicate, OrgId, Role, TeamId, UserId, WhenDown};

pub(crate) use self::values::{ApiAddress, Hidden, Ttl};

/// How an import ends, for scripts.
const IMPORT_ENDS: &str = "\
Exit status:
  0    every row was imported, updated or skipped, or the same file was imported before
  1    the file cannot be imported, or the command failed
  2    the command line is not understood
  3    some rows failed
  130  Ctrl-C; an import whose file has arrived goes on";

/// How a look at an organisation ends, for scripts.
const DOCTOR_ENDS: &str = "\
Exit status:
  0    all agrees, or does again
  1    the command failed
  2    the command line is not understood
  3    something differs and is not repaired";

/// Runs Leadline on this machine and looks after its organisations, here and on AWS.
///
/// Commands work on the local stack of --data-dir, or on the stack on AWS that --stack or LEADLINE_STACK names, by the
/// usual AWS environment; without those on the table that LEADLINE_TABLE names and the bucket that LEADLINE_BUCKET
/// names; without that on the local stack in .local.
#[derive(Debug, Parser)]
#[command(name = "leadctl", version)]
pub(crate) struct Args {
    /// Answer with one JSON value
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Folder of the local stack
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Stack on AWS, as CloudFormation knows it
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "data_dir",
        value_parser = NonEmptyStringValueParser::new())] // no name is every stack to CloudFormation
    pub(crate) stack: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the local stack
    Dev(Dev),
    /// Organisations
    #[command(subcommand)]
    Org(OrgCommand),
    /// Members of an organisation
    #[command(subcommand)]
    User(UserCommand),
    /// Teams of an organisation
    #[command(subcommand)]
    Team(TeamCommand),
    /// Contacts of an organisation
    #[command(subcommand)]
    Contact(ContactCommand),
    /// API keys of an organisation's websites
    #[command(subcommand)]
    Key(KeyCommand),
    /// Issue a token for a member
    Token(Token),
    /// Rules that assign the leads of an organisation
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Import a file of leads, and follow it to its end
    #[command(after_help = IMPORT_ENDS)]
    Import(Import),
    /// Compare all that must agree in an organisation
    #[command(after_help = DOCTOR_ENDS)]
    Doctor(Doctor),
    /// Write the OpenAPI document of the API, as this version of the code has it
    Schema(Schema),
    /// Accounts of an organisation
    #[command(subcommand)]
    Account(AccountCommand),
    /// Opportunities of an organisation
    #[command(subcommand)]
    Opportunity(OpportunityCommand),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Dev {
    /// Port of the API; 0 picks a free one
    #[arg(long, default_value_t = 9000)]
    pub(crate) port: u16,
    /// Keep no data when it ends
    #[arg(long)]
    pub(crate) ephemeral: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OrgCommand {
    /// Create an organisation
    Create { name: String },
    /// List the organisations
    List,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct InOrg {
    /// Id of the organisation
    #[arg(long, value_name = "ID")]
    pub(crate) org: OrgId,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make somebody a member; who is one elsewhere keeps their id
    Create(NewMember),
    /// List the members
    List(InOrg),
    /// Shut a member out
    Deactivate {
        #[command(flatten)]
        at: InOrg,
        #[arg(long, value_name = "ID")]
        user: UserId,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct NewMember {
    #[command(flatten)]
    pub(crate) at: InOrg,
    #[arg(long)]
    pub(crate) email: String,
    /// ADMIN or USER
    #[arg(long, default_value_t = Role::User)]
    pub(crate) role: Role,
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The `sub` that the identity provider gives them
    #[arg(long)]
    pub(crate) subject: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TeamCommand {
    /// Create a team
    Create {
        #[command(flatten)]
        at: InOrg,
        #[arg(long)]
        name: String,
    },
    /// Add a member
    Add(Membership),
    /// Take a member out
    Remove(Membership),
    /// List the teams
    List(InOrg),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Membership {
    #[command(flatten)]
    pub(crate) at: InOrg,
    #[arg(long, value_name = "ID")]
    pub(crate) team: TeamId,
    #[arg(long, value_name = "ID")]
    pub(crate) user: UserId,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContactCommand {
    /// Create a contact
    Create {
        #[command(flatten)]
        at: InOrg,
        #[arg(long)]
        first_name: String,
        #[arg(long)]
        last_name: String,
        #[arg(long)]
        email: Option<String>,
    },
    /// List the contacts
    List(InOrg),
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Create a key; its secret is shown this once
    Create(NewKey),
    /// List the keys
    List(InOrg),
    /// Show a key
    Show(OneKey),
    /// Give a key a new secret; the old one goes on for 24 hours
    Rotate(OneKey),
    /// End a key at once
    Revoke(OneKey),
    /// Print the HTML of a form, to be pasted into a website
    Snippet(Snippet),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct NewKey {
    #[command(flatten)]
    pub(crate) at: InOrg,
    #[arg(long)]
    pub(crate) name: String,
    /// Member who gets the leads that no rule assigns
    #[arg(long, value_name = "USER")]
    pub(crate) owner: Option<UserId>,
    /// Website that may post from a browser; may be repeated
    #[arg(long = "origin", value_name = "URL")]
    pub(crate) origins: Vec<String>,
    /// Page that a form may send its visitor on to; may be repeated
    #[arg(long = "redirect", value_name = "URL")]
    pub(crate) redirects: Vec<String>,
    /// Source of leads that name none
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// Most leads a minute
    #[arg(long, value_name = "PER_MINUTE")]
    pub(crate) limit: Option<u32>,
    /// Most leads a minute from one address
    #[arg(long, value_name = "PER_MINUTE")]
    pub(crate) address_limit: Option<u32>,
    #[command(flatten)]
    pub(crate) captcha: CaptchaArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CaptchaArgs {
    /// Where Turnstile, hCaptcha or reCAPTCHA verifies that a person sent the form
    #[arg(long = "captcha-url", value_name = "URL", requires = "secret")]
    pub(crate) url: Option<String>,
    /// What it knows the website by; never shown again
    #[arg(long = "captcha-secret", value_name = "SECRET", requires = "url")]
    pub(crate) secret: Option<Hidden>,
    /// While it does not answer: admit the lead, with the tag unverified, or refuse it
    #[arg(long = "captcha-when-down", value_name = "admit|refuse", default_value_t, requires = "url")]
    pub(crate) when_down: WhenDown,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct OneKey {
    #[command(flatten)]
    pub(crate) at: InOrg,
    #[arg(long, value_name = "ID")]
    pub(crate) key: KeyId,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Snippet {
    #[command(flatten)]
    pub(crate) it: OneKey,
    /// Secret of the key, as create or rotate showed it; without it the form has a placeholder
    #[arg(long, value_name = "SECRET")]
    pub(crate) api_key: Option<Hidden>,
    /// Address of the API; not needed for a local stack, or with --stack
    #[arg(long, value_name = "URL")]
    pub(crate) api: Option<ApiAddress>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Token {
    #[command(flatten)]
    pub(crate) at: InOrg,
    #[arg(long, value_name = "ID")]
    pub(crate) user: UserId,
    /// How long it is good: 30m, 8h, 7d
    #[arg(long, default_value = "8h")]
    pub(crate) ttl: Ttl,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Set the rules, in place of those there are
    Set {
        #[command(flatten)]
        at: InOrg,
        /// JSON array of rules, in order; - reads standard input
        file: PathBuf,
    },
    /// Show the rules
    Show(InOrg),
    /// Show what the rules would do with a lead; nobody's turn passes
    Test {
        #[command(flatten)]
        at: InOrg,
        /// Lead as it is sent to POST /api/leads/, or part of one, and its "door": site, import or api
        #[arg(value_name = "LEAD.json")]
        file: PathBuf,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Import {
    /// CSV, XLSX, XLS, XLSB or ODS, 500 MB at most
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) at: InOrg,
    /// What becomes of a row whose e-mail a lead has
    #[arg(long, value_name = "skip|create|update", default_value_t)]
    pub(crate) on_duplicate: OnDuplicate,
    /// Only say what would be done; nothing is stored
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Source of leads whose row names none
    #[arg(long, value_name = "SOURCE")]
    pub(crate) default_source: Option<String>,
    /// Tag of every lead, besides those of its row; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Member who gets the leads whose row names nobody; may be repeated
    #[arg(long, value_name = "EMAIL_OR_ID")]
    pub(crate) assigned_to: Vec<String>,
    /// Import the file also if it was imported before
    #[arg(long)]
    pub(crate) again: bool,
    /// Save the rows that fail here, each with what is wrong with it, to be mended and imported
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub(crate) errors: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) at: InOrg,
    /// Mend what differs; who writes at the same time is not harmed
    #[arg(long)]
    pub(crate) repair: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Schema {
    /// Where to; - is standard output
    #[arg(default_value = "docs/openapi.json")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// List the accounts
    List(InOrg),
}

#[derive(Debug, Subcommand)]
pub(crate) enum OpportunityCommand {
    /// List the opportunities
    List(InOrg),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_words_fit_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn an_import_skips_duplicates_unless_it_is_told_otherwise() {
        let parse = |more: &[&str]| -> Result<Import, clap::Error> {
            let org = ["leadctl", "import", "leads.csv", "--org", "0198c5a0-0000-7000-8000-000000000000"];
            match Args::try_parse_from(org.into_iter().chain(more.iter().copied()))?.command {
                Command::Import(import) => Ok(import),
                _ => panic!("it is an import"),
            }
        };

        assert_eq!(parse(&[]).unwrap().on_duplicate, OnDuplicate::Skip);
        let told = ["--on-duplicate", "update", "--tag", "a", "--tag", "b", "--again", "--errors", "e.csv"];
        let told = parse(&told).unwrap();
        assert_eq!((told.on_duplicate, told.tags.len(), told.again), (OnDuplicate::Update, 2, true));
        for ill in [&["--on-duplicate", "replace"][..], &["--dry-run", "--errors", "e.csv"], &["more.csv"]] {
            assert!(parse(ill).is_err(), "{ill:?}");
        }
    }

    #[test]
    fn a_captcha_is_an_address_and_a_secret() {
        let parse = |more: &[&str]| {
            let org = ["leadctl", "key", "create", "--name", "K", "--org"];
            let org = org.into_iter().chain(["0198c5a0-0000-7000-8000-000000000000"]);
            Args::try_parse_from(org.chain(more.iter().copied()))
        };

        let url = "--captcha-url=https://a.example";
        assert!(parse(&[]).is_ok());
        assert!(parse(&[url, "--captcha-secret", "s"]).is_ok());
        for ill in [
            &[url][..],
            &["--captcha-secret", "s"],
            &["--captcha-when-down", "refuse"],
            &[url, "--captcha-secret", " "],
            &[url, "--captcha-secret", "s", "--captcha-when-down", "maybe"],
        ] {
            assert!(parse(ill).is_err(), "{ill:?}");
        }
    }
}

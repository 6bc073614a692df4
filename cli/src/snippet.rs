//! The HTML that puts a form on a website.

use http::Uri;
use leadline::web::escaped;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Stands for an API key that is not known.
const PLACEHOLDER: &str = "YOUR_API_KEY";

/// All that a query does not take as it is, and more.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const NO_KEY: &str = "\
<!-- Write the API key in both places of YOUR_API_KEY. Nobody can look it up: it is shown only when it is made,
     by leadctl key create and leadctl key rotate. -->
";

/// The fields before the proof of a person, if any, and the button.
const FIELDS: &str = r#"  <p>
    <label for="leadline-name">Name (required)</label><br>
    <input id="leadline-name" name="name" autocomplete="name" maxlength="255" required>
  </p>
  <p>
    <label for="leadline-email">E-mail (required)</label><br>
    <input id="leadline-email" name="email" type="email" autocomplete="email" maxlength="254" required>
  </p>
  <p>
    <label for="leadline-phone">Phone</label><br>
    <input id="leadline-phone" name="phone" type="tel" autocomplete="tel" maxlength="40">
  </p>
  <p>
    <label for="leadline-account-name">Company</label><br>
    <input id="leadline-account-name" name="account_name" autocomplete="organization" maxlength="255">
  </p>
  <p>
    <label for="leadline-message">Message</label><br>
    <textarea id="leadline-message" name="message" rows="5" maxlength="10000"></textarea>
  </p>
  <p aria-hidden="true" style="position: absolute; left: -10000px; width: 1px; height: 1px; overflow: hidden">
    <label for="leadline-website-url-confirm">Leave this field empty</label>
    <input id="leadline-website-url-confirm" name="website_url_confirm" tabindex="-1" autocomplete="off">
  </p>
"#;

const NO_SITE_KEY: &str = "  \
<!-- The site key is public. It comes from where the secret of the captcha came from. -->
";

const OWN_WIDGET: &str = "  \
<!-- Put the widget that proves a person here. Its token is to be sent in the field captcha. -->
";

/// Those whose widgets we know: the end of the host where they verify, the class of the widget, its script.
const WIDGETS: [(&str, &str, &str); 4] = [
    ("challenges.cloudflare.com", "cf-turnstile", "https://challenges.cloudflare.com/turnstile/v0/api.js"),
    ("hcaptcha.com", "h-captcha", "https://js.hcaptcha.com/1/api.js"),
    ("google.com", "g-recaptcha", "https://www.google.com/recaptcha/api.js"),
    ("recaptcha.net", "g-recaptcha", "https://www.recaptcha.net/recaptcha/api.js"),
];

/// A form that posts to the API by itself, and the API's script, which takes it over where scripts run.
pub(crate) struct Snippet<'a> {
    /// Where the API is, without a slash at the end.
    pub(crate) api: &'a str,
    /// The secret of the key; none: a placeholder.
    pub(crate) api_key: Option<&'a str>,
    /// Where proof of a person is verified, if the key asks for it.
    pub(crate) verify_url: Option<&'a str>,
}

impl Snippet<'_> {
    /// All of it.
    pub(crate) fn html(&self) -> String {
        let comment = if self.api_key.is_none() { NO_KEY } else { "" };
        let action = escaped(&format!("{}/api/leads/create-from-site/?apikey={}", self.api, self.key()));
        let (widget, its_script) = self.widget();
        let script = self.script();
        format!(
            "{comment}<form data-leadline method=\"post\" accept-charset=\"utf-8\"\n      \
             action=\"{action}\">\n{FIELDS}{widget}  <p><button type=\"submit\">Send</button></p>\n</form>\n\
             {its_script}{script}"
        )
    }

    /// The API's script alone, for a page that has a place for a form.
    pub(crate) fn script(&self) -> String {
        let address = escaped(&format!("{}/api/leads/form.js?key={}", self.api, self.key()));
        format!("<script src=\"{address}\" defer></script>\n")
    }

    /// What proves a person, within the form and behind it.
    fn widget(&self) -> (String, String) {
        let Some(url) = self.verify_url else { return (String::new(), String::new()) };
        let url: Option<Uri> = url.parse().ok();
        let host = url.as_ref().and_then(Uri::host).unwrap_or_default();
        let Some((_, class, script)) = WIDGETS.iter().find(|(end, ..)| within(host, end)) else {
            return (OWN_WIDGET.to_owned(), String::new());
        };
        (
            format!("{NO_SITE_KEY}  <div class=\"{class}\" data-sitekey=\"YOUR_SITE_KEY\"></div>\n"),
            format!("<script src=\"{script}\" async defer></script>\n"),
        )
    }

    fn key(&self) -> String {
        utf8_percent_encode(self.api_key.unwrap_or(PLACEHOLDER), RESERVED).to_string()
    }
}

/// The host is this domain, or below it.
fn within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snippet<'a>(api: &'a str, api_key: Option<&'a str>, verify_url: Option<&'a str>) -> String {
        Snippet { api, api_key, verify_url }.html()
    }

    #[test]
    fn form_and_script_are_at_the_api() {
        let html = snippet("https://api.example.com", Some("ll_A-b_9"), None);

        let action = "action=\"https://api.example.com/api/leads/create-from-site/?apikey=ll_A-b_9\">";
        let script =
            "<script src=\"https://api.example.com/api/leads/form.js?key=ll_A-b_9\" defer></script>\n";
        assert!(html.starts_with("<form data-leadline method=\"post\"") && html.contains(action), "{html}");
        assert!(html.ends_with(script), "{html}");
    }

    #[test]
    fn every_field_has_a_label_and_the_honeypot_is_out_of_the_way() {
        let html = snippet("https://api.example.com", None, None);

        let fields = ["name", "email", "phone", "account_name", "message", "website_url_confirm"];
        for name in fields {
            let id = format!("leadline-{}", name.replace('_', "-"));
            assert!(html.contains(&format!("<label for=\"{id}\">")), "{name}");
            assert!(html.contains(&format!(" id=\"{id}\" name=\"{name}\"")), "{name}");
        }
        assert_eq!(html.matches(" name=\"").count(), fields.len());
        assert!(html.contains("<p aria-hidden=\"true\" style=\"position: absolute; left: -10000px;"));
        assert!(!html.contains("novalidate"));
    }

    #[test]
    fn without_the_key_there_is_a_placeholder_and_a_word_on_it() {
        let html = snippet("https://api.example.com", None, None);

        assert_eq!(html.matches(&format!("key={PLACEHOLDER}\"")).count(), 2, "{html}");
        assert!(html.starts_with("<!-- ") && html.contains("leadctl key rotate. -->\n<form"), "{html}");
    }

    #[test]
    fn nothing_breaks_out_of_an_attribute() {
        let html = snippet("https://a.example/\"><x&y='", Some("\"><b>&"), None);

        assert!(html.contains("https://a.example/&quot;&gt;&lt;x&amp;y=&#39;/api/leads/form.js"), "{html}");
        assert!(html.contains("?key=%22%3E%3Cb%3E%26\""), "{html}");
    }

    #[test]
    fn a_key_that_wants_a_person_gets_the_widget_of_its_verifier() {
        let of = |verify_url| snippet("https://api.example.com", Some("k"), Some(verify_url));

        for (verify_url, class, script) in [
            (
                "https://challenges.cloudflare.com/turnstile/v0/siteverify",
                "cf-turnstile",
                "turnstile/v0/api.js",
            ),
            ("https://api.hcaptcha.com/siteverify", "h-captcha", "js.hcaptcha.com/1/api.js"),
            ("https://www.google.com/recaptcha/api/siteverify", "g-recaptcha", "google.com/recaptcha/api.js"),
        ] {
            let html = of(verify_url);
            assert!(
                html.contains(&format!("<div class=\"{class}\" data-sitekey=\"YOUR_SITE_KEY\">")),
                "{html}"
            );
            assert!(html.contains(&format!("{script}\" async defer></script>")), "{html}");
        }
        for other in ["https://nothcaptcha.com/", "http://127.0.0.1:9999/verify"] {
            let html = of(other);
            assert!(
                html.contains("in the field captcha. -->") && html.matches("<script").count() == 1,
                "{html}"
            );
        }
    }
}

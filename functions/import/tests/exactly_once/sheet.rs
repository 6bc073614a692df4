//! Files to import, and what must come of them.

use std::collections::{BTreeMap, BTreeSet};

use leadline::domain::fold;

/// A file of 515 rows: 500 good ones, five bad ones and ten that repeat the e-mail of one before.
pub(crate) struct Sheet {
    pub(crate) csv: String,
    /// By folded e-mail.
    pub(crate) people: BTreeMap<String, Person>,
    /// Rows that fail: their numbers, and the fields.
    pub(crate) bad: Vec<(u32, &'static str)>,
    /// All company names, folded.
    pub(crate) companies: BTreeSet<String>,
}

/// What a good row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) last_name: String,
    pub(crate) phone: String,
    pub(crate) company: Option<String>,
    pub(crate) source: Option<String>,
    /// Folded.
    pub(crate) tags: Vec<String>,
    /// The member whom its owner column names.
    pub(crate) owner: Option<usize>,
}

impl Sheet {
    pub(crate) fn new() -> Self {
        let header = "First Name,Last Name,E-Mail,Phone,Company,Source,Tags,Lead Owner,Shoe size\n";
        let mut sheet = Self {
            csv: header.to_owned(),
            people: BTreeMap::new(),
            bad: Vec::new(),
            companies: BTreeSet::new(),
        };
        for n in 0..500 {
            let person = Person::new(n);
            let email = format!("Lead.{n}@Example.com");
            sheet.line(&person, &email);
            sheet.companies.extend(person.company.as_deref().map(fold));
            sheet.people.insert(fold(&email), person);
            if n % 50 == 30 {
                sheet.line(&Person::new(1_000 + n), &format!("LEAD.{}@EXAMPLE.COM", n / 2));
            }
            if n % 100 == 40 {
                sheet.bad_line(n);
            }
        }
        sheet
    }

    fn line(&mut self, person: &Person, email: &str) {
        let Person { last_name, phone, company, source, tags, owner } = person;
        let (company, source) = (company.as_deref().unwrap_or(""), source.as_deref().unwrap_or(""));
        let owner = owner.map_or("", |owner| ["Ada@ACME.example", "grace@acme.example"][owner]);
        let line =
            format!("First,{last_name},{email},{phone},{company},{source},{},{owner},42\n", tags.join(";"));
        self.csv.push_str(&line);
    }

    fn bad_line(&mut self, n: usize) {
        let row = u32::try_from(self.csv.lines().count() + 1).unwrap();
        let (field, line) = match n / 100 {
            0 => ("email", "First,Bad,x@,123456,,,,,\n"),
            1 => ("last_name", "First,,bad1@example.com,123456,,,,,\n"),
            2 => ("phone", "First,Bad,bad2@example.com,1,New Company,New Source,new tag,,\n"),
            3 => ("assigned_to", "First,Bad,bad3@example.com,123456,,,,nobody@acme.example,\n"),
            _ => ("email", "First,Bad,bad4@@example.com,123456,,,,,\n"),
        };
        self.bad.push((row, field));
        self.csv.push_str(line);
    }
}

impl Person {
    fn new(n: usize) -> Self {
        let company = match n % 6 {
            0 => Some(format!("Company {}", n % 40)),
            3 => Some(format!("COMPANY {}", (n + 1) % 40)),
            _ => None,
        };
        let source = ["Trade Show", "Referral", "", "Cold Call"][n % 4];
        let tags = match n % 5 {
            0 => vec!["vip".to_owned(), format!("t{}", n % 7)],
            1 => vec!["vip".to_owned()],
            _ => Vec::new(),
        };
        Self {
            last_name: format!("Last{n}"),
            phone: format!("+49 30 {n:06}"),
            company,
            source: Some(source.to_owned()).filter(|source| !source.is_empty()),
            tags,
            owner: (n % 7 < 2).then_some(n % 7),
        }
    }
}

/// A file that changes the leads of another.
pub(crate) struct Changes {
    /// The file of the 60 leads that there are before.
    pub(crate) before: String,
    pub(crate) csv: String,
    /// The phones that each lead has one after another, by folded e-mail.
    pub(crate) phones: BTreeMap<String, Vec<String>>,
    /// Rows that fail: their numbers, and the fields.
    pub(crate) bad: Vec<(u32, &'static str)>,
    pub(crate) imported: u32,
    pub(crate) updated: u32,
}

impl Changes {
    pub(crate) fn new() -> Self {
        let mut changes = Self {
            before: "First name,Last name,E-mail,Phone\n".to_owned(),
            csv: "E-mail,Phone,First name,Last name\n".to_owned(),
            phones: BTreeMap::new(),
            bad: Vec::new(),
            imported: 0,
            updated: 0,
        };
        for n in 0..60 {
            let (email, phone) = (format!("p{n}@example.com"), format!("+1 555 01{n:02}"));
            changes.before.push_str(&format!("First,Last,{email},{phone}\n"));
            changes.phones.insert(email, vec![phone]);
        }
        for n in 0..60 {
            let same = format!("+1 555 01{n:02}");
            match n {
                10 => changes.change(&format!("p{n}@example.com"), &same, "First,Last"),
                15 => changes.change(&format!("p{n}@example.com"), "+1 777 0115", ","), // names are known
                _ => changes.change(&format!("p{n}@example.com"), &format!("+1 777 01{n:02}"), "First,Last"),
            }
            match n {
                5 => changes.change("p3@example.com", "+1 777 0200", "First,Last"),
                20 => {
                    changes.change("p3@example.com", "+1 777 0300", "First,Last");
                    changes.change("p20@example.com", "+1 777 0201", "First,Last");
                    changes.bad("x@", "email");
                }
                30 => changes.change("p30@example.com", "+1 777 0130", "First,Last"), // as it just became
                40 => {
                    changes.change("new@example.com", "+1 777 0400", "First,Last");
                    changes.change("p1@example.com", "+1 777 0202", "First,Last");
                    changes.bad("ghost1@example.com", "first_name"); // to be known only when it is loaded
                }
                50 => {
                    changes.change("new@example.com", "+1 777 0401", "First,Last");
                    changes.change("newer@example.com", "+1 777 0402", "First,Last");
                    changes.bad("ghost2@example.com", "first_name");
                }
                59 => changes.change("p59@example.com", "+1 777 0203", "First,Last"),
                _ => {}
            }
        }
        changes
    }

    fn change(&mut self, email: &str, phone: &str, names: &str) {
        self.csv.push_str(&format!("{email},{phone},{names}\n"));
        let phones = self.phones.entry(fold(email)).or_default();
        match phones.last() {
            None => self.imported += 1,
            Some(_) => self.updated += 1,
        }
        if phones.last().is_none_or(|last| last != phone) {
            phones.push(phone.to_owned());
        }
    }

    fn bad(&mut self, email: &str, field: &'static str) {
        self.bad.push((u32::try_from(self.csv.lines().count() + 1).unwrap(), field));
        self.csv.push_str(&format!("{email},123456,,\n"));
    }
}

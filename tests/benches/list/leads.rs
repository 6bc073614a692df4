//! The leads of the benchmark: the same for the same number, as a file to import, as captures and for PostgreSQL.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::LazyLock;

use leadline_tests::stage::Draw;

/// Leads of the one USER.
pub(crate) const OF_USER: u32 = 50;
/// Who has leads beside: so many others.
const SELLERS: u64 = 20;
/// The USER and the sellers.
pub(crate) const PEOPLE: u64 = SELLERS + 1;

const HEADER: &str = "Title,First Name,Last Name,E-mail,Phone,Company,Postcode,City,Country,Source,Amount,Tags,\
                      Status,Owner,Notes\r\n";
pub(crate) const TAGS: [&str; 12] = [
    "b2b",
    "callback",
    "demo",
    "enterprise",
    "fair 2026",
    "hot",
    "newsletter",
    "price list",
    "public sector",
    "renewal",
    "trial",
    "upgrade",
];
const SOURCES: [&str; 6] =
    ["Website Form", "Cold Call", "Referral", "Trade Fair", "Partner", "Advertisement"];
const COUNTRIES: [&str; 5] = ["Germany", "Austria", "Switzerland", "France", "Netherlands"];
const SUBJECTS: [&str; 20] = [
    "Heat pump",
    "Solar panels",
    "Wall box",
    "Battery storage",
    "New roof",
    "Roof insulation",
    "Window replacement",
    "Smart meter",
    "Maintenance contract",
    "Energy audit",
    "Boiler exchange",
    "Ventilation",
    "Floor heating",
    "Facade renovation",
    "District heating",
    "Air conditioning",
    "Fleet charging",
    "Hot water",
    "Winter garden",
    "Lighting",
];
const PLACES: [&str; 8] = [
    "for the main building",
    "for a family home",
    "for twelve flats",
    "at the warehouse",
    "at the second site",
    "in the old town",
    "before the winter",
    "as discussed by phone",
];
const NOTES: [&str; 4] = [
    "Asked for a demo of the reporting, call back after Tuesday.",
    "Has a contract until autumn, wants an offer for the time after it.",
    "Decides together with finance, needs the figures in writing.",
    "Knows us from a partner, needs an answer before the holidays.",
];
const FIRST_NAMES: &str = "Ada Anna Anton Ben Björn Carla Chloé Clara David Eduard Elena Emil Emma Erik Eva Farid Felix \
                           Finn Frieda Georg Grace Greta Hanna Heinrich Helena Hugo Ida Ingrid Jakob Johanna Jonas Jun \
                           Karl Katarzyna Klara Konrad Lea Lena Leo Lina Louis Luís Luise Maja Maria Marie Mats Max Mia \
                           Mila Moritz Nora Oluwaseun Oskar Paul Paula Rosa Samuel Sofia Theo Thea Viktor Wilma Zoë";
const LAST_NAMES: &str = "Albrecht Andersson Arnold Bauer Baumann Beck Becker Berger Bergmann Böhm Brandt Braun Busch \
                          Costa Dietrich Dubois Engel Eriksen Fernández Ferreira Fischer Frank Franke Friedrich Fuchs \
                          García Graf Groß Günther Haas Hahn Hansen Hartmann Heinrich Herrmann Hoffmann Hofmann Horn \
                          Huber Ivanova Jäger Jansen Jung Kaiser Keller Klein Koch Köhler König Kowalski Kraus Krause \
                          Krüger Kühn Kuhn Lang Lange Lehmann Lindqvist Lorenz Ludwig Maier Martin Mayer Meier Meyer \
                          Möller Müller Neumann Nwosu Otto Peters Pfeiffer Pohl Richter Roth Sauer Schäfer Schmidt \
                          Schneider Scholz Schreiber Schubert Schulte Schulz Schumacher Schuster Schwarz Seidel \
                          Simon Sommer Stein Tanaka Thomas Vogel Vogt Voigt Wagner Walter Weber Weiß Werner Winkler \
                          Winter Wolff Ziegler Zimmermann";
const CITIES: &str = "Berlin Hamburg München Köln Wien Zürich Paris Amsterdam Frankfurt Stuttgart Düsseldorf Leipzig \
                      Dortmund Essen Bremen Dresden Hannover Nürnberg Duisburg Bochum Wuppertal Bielefeld Bonn Münster \
                      Mannheim Karlsruhe Augsburg Wiesbaden Gelsenkirchen Aachen Braunschweig Chemnitz Kiel Halle \
                      Magdeburg Freiburg Krefeld Mainz Lübeck Erfurt Oberhausen Rostock Kassel Hagen Potsdam \
                      Saarbrücken Hamm Ludwigshafen Oldenburg Mülheim Osnabrück Leverkusen Heidelberg Solingen \
                      Darmstadt Herne Regensburg Neuss Paderborn Ingolstadt Offenbach Würzburg Fürth Ulm Heilbronn \
                      Pforzheim Wolfsburg Göttingen Bottrop Reutlingen Koblenz Recklinghausen Bremerhaven Bergisch \
                      Erlangen Remscheid Jena Trier Salzgitter Moers Siegen Hildesheim Cottbus Gütersloh Kaiserslautern \
                      Witten Hanau Schwerin Gera Esslingen Ludwigsburg Iserlohn Düren Tübingen Flensburg Zwickau \
                      Gießen Ratingen Lünen Villingen Konstanz Marl Worms Minden Norderstedt Velbert Bamberg \
                      Neumünster Dessau Delmenhorst Bayreuth Viersen Marburg Rheine Gladbeck Dorsten Troisdorf Graz \
                      Linz Salzburg Innsbruck Klagenfurt Villach Wels Dornbirn Steyr Bregenz Leonding Leoben Krems \
                      Basel Genf Bern Lausanne Winterthur Luzern Lugano Biel Thun Köniz Chur Schaffhausen Uster Sion \
                      Marseille Lyon Toulouse Nice Nantes Montpellier Strasbourg Bordeaux Lille Rennes Reims Toulon \
                      Grenoble Dijon Angers Nîmes Villeurbanne Brest Tours Amiens Limoges Annecy Metz Besançon Orléans \
                      Mulhouse Rouen Caen Nancy Rotterdam Utrecht Eindhoven Groningen Tilburg Almere Breda Nijmegen \
                      Arnhem Haarlem Enschede Zaanstad Amersfoort Apeldoorn Zwolle Leiden Maastricht Dordrecht Delft \
                      Alkmaar";

fn words(of: &'static str) -> Vec<&'static str> {
    of.split_whitespace().collect()
}

static FIRST: LazyLock<Vec<&str>> = LazyLock::new(|| words(FIRST_NAMES));
static LAST: LazyLock<Vec<&str>> = LazyLock::new(|| words(LAST_NAMES));
static TOWNS: LazyLock<Vec<&str>> = LazyLock::new(|| words(CITIES));

/// A lead.
pub(crate) struct Lead {
    pub(crate) title: String,
    pub(crate) first_name: &'static str,
    pub(crate) last_name: &'static str,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) account_name: String,
    pub(crate) postcode: String,
    pub(crate) city: &'static str,
    pub(crate) country: &'static str,
    pub(crate) source: &'static str,
    pub(crate) amount: u64,
    pub(crate) tags: Vec<&'static str>,
    pub(crate) status: &'static str,
    /// Whose it is, by their number; 0 is the USER.
    pub(crate) owner: Option<u64>,
    pub(crate) notes: &'static str,
}

impl Lead {
    /// The lead of a row of so many that are imported; the rows after these are captured, and nobody's.
    pub(crate) fn new(row: u32, imported: u32) -> Self {
        let mut draw = Draw(u64::from(row) << 8);
        let mut tags: Vec<&str> = (0..draw.below(4)).map(|_| draw.of(&TAGS)).collect();
        tags.sort_unstable();
        tags.dedup();
        let status = match draw.below(100) {
            _ if row >= imported => "assigned",
            0..5 => "closed",
            5..15 => "recycled",
            15..40 => "in process",
            _ => "assigned",
        };
        let step = (imported / OF_USER).max(1);
        let owner = match draw.below(10) {
            _ if row >= imported => None,
            _ if row.is_multiple_of(step) && row / step < OF_USER => Some(0),
            0..4 => Some(1 + draw.below(SELLERS)),
            _ => None,
        };
        let towns = TOWNS.len() as u64;
        let town = draw.below(towns).min(draw.below(towns)); // larger ones come first
        let company = row / 20;
        Self {
            title: format!("{} {}", draw.of(&SUBJECTS), draw.of(&PLACES)),
            first_name: draw.of(&FIRST),
            last_name: draw.of(&LAST),
            email: format!("lead.{row}@company-{company}.example"),
            phone: format!("+49 30 {:07}", draw.below(10_000_000)),
            account_name: format!("Company {company}"),
            postcode: format!("{:05}", draw.below(100_000)),
            city: TOWNS[usize::try_from(town).unwrap_or_default()],
            country: draw.of(&COUNTRIES),
            source: draw.of(&SOURCES),
            amount: (1 + draw.below(500)) * 50,
            tags,
            status,
            owner,
            notes: draw.of(&NOTES),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.status == "closed"
    }
}

/// The e-mail of one of the people.
pub(crate) fn email_of(person: u64) -> String {
    format!("person.{person}@acme.example")
}

/// Writes a file to import of these rows.
pub(crate) fn write(path: &Path, rows: std::ops::Range<u32>, imported: u32) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(HEADER.as_bytes())?;
    for row in rows {
        let lead = Lead::new(row, imported);
        let owner = lead.owner.map(email_of).unwrap_or_default();
        let (tags, amount) = (lead.tags.join(";"), lead.amount);
        let Lead { title, first_name, last_name, email, phone, account_name, .. } = &lead;
        let Lead { postcode, city, country, source, status, notes, .. } = &lead;
        write!(
            file,
            "{title},{first_name},{last_name},{email},{phone},{account_name},{postcode},{city},{country},{source},\
             {amount}.00,{tags},{status},{owner},\"{notes}\"\r\n"
        )?;
    }
    file.flush()
}

//! What the columns of a file are called.

use std::collections::HashMap;
use std::iter;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use super::MAX_HEADER;
use crate::domain::fold;

/// The fields that a file may hold, a line each, and what else their columns are called (English, German, French,
/// Spanish; as other programs export them). `name` is no field of a lead: it is split into two.
const NAMES: &str = "\
account_name: account, associated company, business, business name, compañía, company, company / account, \
    company name, current company, employer, empresa, entreprise, firm, Firma, Firmenname, \
    nombre de la empresa, nom de la société, nom de l'entreprise, organisation, organisation name, \
    organization, organization name, raison sociale, razón social, société, Unternehmen
address_line: address, address 2, address address line 2, address formatted, address line 2, Adresse, \
    Adresszusatz, Anschrift, complément d'adresse, dirección, domicilio, full address, postal address, \
    street 2, street address 2
assigned_to: assigned, assigned to email, assigned user, assignee, assignee email, Besitzer, Eigentümer, \
    owner, owner email, propietario, propriétaire, record owner, responsible, responsible person, \
    sales owner, salesperson, sales rep, sales representative, Zuständig, Zuständiger
city: address city, city / town, ciudad, localidad, locality, Ort, población, Stadt, town, town / city, \
    ville, Wohnort
close_date: Abschlussdatum, Abschlusstermin, closing date, date de clôture, date de clôture prévue, \
    deal close date, est. close date, estimated close date, expected close, expected close date, \
    expected closing, expected closing date, fecha de cierre, fecha de cierre prevista, \
    fecha estimada de cierre, forecast close date, target close date, voraussichtliches Abschlussdatum
country: address country, address country / region, country code, country name, country / region, Land, \
    Ländercode, Land / Region, nation, país, pays
description: additional info, additional information, Anmerkung, Anmerkungen, Bemerkung, Bemerkungen, \
    Beschreibung, comentario, comentarios, comment, commentaire, commentaires, comments, descripción, \
    details, enquiry, inquiry, Kommentar, Kommentare, memo, mensaje, message, Nachricht, nota, notas, note, \
    notes, Notiz, Notizen, observaciones, remark, remarks, remarque, remarques
email: adresse électronique, adresse e-mail, adresse mail, company e-mail, corporate e-mail, correo, \
    correo electrónico, courriel, dirección de correo electrónico, e-mail address, E-Mail-Adresse, \
    e-mail id, emails, e-mail value, mail, mail address, Mailadresse, other e-mail, personal e-mail, \
    professional e-mail, secondary e-mail
first_name: christian name, first, fname, forename, given name, name first, prénom, primer nombre, Rufname, \
    Vorname
industry: Branche, business sector, company industry, industria, Industrie, industry sector, industry type, \
    secteur, secteur d'activité, sector, vertical, Wirtschaftszweig
last_name: apellido, apellidos, Familienname, family name, last, lname, Nachname, name last, nom de famille, \
    surname, Zuname
name: Ansprechpartner, company contact, complete name, contact, contact person, display name, full name, \
    Kontakt, Kontaktname, nom, nombre, nombre completo, nombres, nombre y apellidos, nom complet, person, \
    vollständiger Name, Vor- und Nachname
opportunity_amount: amount, Auftragswert, Betrag, budget, deal amount, deal size, deal value, \
    estimated revenue, estimated value, est. revenue, est. value, importe, montant, monto, \
    opportunity value, potential value, valeur, valor, value, Wert
phone: cell, cell number, cell phone, cell phone number, celular, company main phone, company phone, \
    contact no, contact number, direct dial, direct line, direct phone, Festnetz, Handy, Handynummer, Mobil, \
    mobile, mobile no, mobile number, mobile phone, mobile phone number, mobile telephone, Mobilnummer, \
    Mobiltelefon, móvil, número de teléfono, numéro de téléphone, other phone, phone mobile, phone no, \
    phone number, phone value, portable, Rufnummer, tel, Telefon, Telefon mobil, Telefon-Nr., Telefonnummer, \
    teléfono, teléfono móvil, telephone, téléphone mobile, telephone no, telephone number, \
    téléphone portable, tel no, Tel.-Nr., tel number
postcode: address postal code, address zip, address zip / postal code, code postal, código postal, CP, \
    pin code, PLZ, postal, postal code, Postleitzahl, zip, zip code, zip or postal code, zip / postal code
probability: Abschlusswahrscheinlichkeit, chance, close probability, likelihood, probabilidad, probabilité, \
    probability of closing, Wahrscheinlichkeit, win probability
source: fuente, Herkunft, how did you hear about us, Leadquelle, origen, origin, original source, origine, \
    provenance, Quelle, referral source, source of lead
state: address province, address region, address state, address state / province, Bundesland, canton, \
    comunidad autónoma, county, département, Kanton, province, province / state, provincia, region, \
    state code, state name, state or province, state / province, state / region
status:
street: address 1, address line 1, address street, address street address, calle, rue, Straße, \
    Straße / Hausnummer, Straße / Nr., Straße und Hausnummer, Straße und Nr., street address, \
    street and number, street name
tags: categoría, categorías, catégorie, categories, category, etiqueta, etiquetas, étiquette, étiquettes, \
    Kategorie, Kategorien, keywords, labels, lead label, mots-clés, palabras clave, Schlagwort, Schlagworte, \
    Schlagwörter, Stichwort, Stichworte, tag
title: asunto, Betreff, deal name, deal title, objet, opportunity name, opportunity title, subject, sujet, \
    topic
website: company domain, company domain name, company url, company website, domain, domain name, home page, \
    Internetadresse, Internetseite, página web, site internet, site web, sitio web, url, web, web address, \
    Webadresse, web page, Webseite, website address, website url, website value";

/// Words in front that leave the meaning of a header as it is: `Lead Owner`, `Business Phone`, `Your name`.
pub(super) const BEFORE: [&str; 12] = [
    "business", "client", "contact", "customer", "home", "lead", "mailing", "main", "person", "primary",
    "work", "your",
];
/// The same at the end: `Person - Email - Work`, `Telefon privat`.
pub(super) const AFTER: [&str; 7] =
    ["business", "geschaftlich", "home", "other", "primary", "privat", "work"];
/// The field by the key of every name that its column has.
static BY_KEY: LazyLock<HashMap<String, &str>> = LazyLock::new(|| {
    let keys = |(field, others): (&'static str, &'static str)| {
        iter::once(field).chain(others.split(',')).map(move |name| (key(name), field))
    };
    fields().flat_map(keys).filter(|(key, _)| !key.is_empty()).collect()
});

/// Each field with the other names of its column, between commas.
pub(super) fn fields() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES.lines().filter_map(|line| line.split_once(':'))
}

/// Letters and digits of a header, without case and accents.
pub(super) fn key(header: &str) -> String {
    let plain: String = header.nfkd().collect();
    fold(&plain).nfd().filter(|c| c.is_alphanumeric()).collect()
}

/// The field of a column: by its header as it is, else without numbers (`E-mail 1 - Value`), else without what is in
/// brackets (`Amount (EUR)`); each time also without a word of [`BEFORE`], of [`AFTER`] or of both.
pub(super) fn field(header: &str) -> Option<&'static str> {
    if header.chars().nth(MAX_HEADER).is_some() {
        return None;
    }
    let unbracketed = header.split_once(['(', '[']).map_or("", |(before, _)| before);
    [header, unbracketed].into_iter().map(key).find_map(|key| {
        let numberless = key.replace(char::is_numeric, "");
        [key, numberless].iter().find_map(|key| {
            let fronts = BEFORE.iter().filter_map(|word| key.strip_prefix(word));
            iter::once(key.as_str()).chain(fronts).find_map(|key| {
                let backs = AFTER.iter().filter_map(|word| key.strip_suffix(word));
                iter::once(key).chain(backs).find_map(|key| BY_KEY.get(key).copied())
            })
        })
    })
}

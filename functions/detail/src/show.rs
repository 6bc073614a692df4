//! A lead shown, with all that is on it and around it.

use lambda_http::Request;
use leadline::App;
use leadline::domain::{Caller, FieldErrors, Lead, Status};
use leadline::store::{Converted, SideLists};
use leadline::web::{
    self, AccountName, AccountView, AddressView, ApiError, AttachmentView, CommentView, ContactView,
    EventView, LeadView, OpportunityView, Reply, TeamView, UserView, sources,
};
use serde::Serialize;

#[derive(Serialize)]
struct Detail<'a> {
    lead_obj: LeadView<'a>,
    address_obj: AddressView<'a>,
    assigned_to: Vec<UserView<'a>>,
    teams: Vec<TeamView<'a>>,
    comments: Vec<CommentView<'a>>,
    comments_cursor: Option<String>,
    attachments: Vec<AttachmentView<'a>>,
    contacts: Vec<ContactView<'a>>,
    users_mention: Vec<UserView<'a>>,
    tags: Vec<&'a str>,
    users: Vec<UserView<'a>>,
    source: Vec<&'a str>,
    status: [&'static str; 5],
    conversion: Option<ConversionView<'a>>,
    history: Vec<EventView<'a>>,
    history_cursor: Option<String>,
}

#[derive(Serialize)]
struct ConversionView<'a> {
    account: AccountShown<'a>,
    contact: Option<ContactView<'a>>,
    opportunity: Option<OpportunityView<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum AccountShown<'a> {
    Whole(Box<AccountView<'a>>),
    Name(AccountName<'a>),
}

impl<'a> ConversionView<'a> {
    fn of(converted: &'a Converted, lead: &Lead, caller: &Caller) -> Self {
        let account = &converted.account;
        Self {
            account: match caller.may_see_account(account, lead) {
                true => AccountShown::Whole(Box::new(account.into())),
                false => AccountShown::Name(account.into()),
            },
            contact: converted.contact.as_ref().map(ContactView::from),
            opportunity: converted.opportunity.as_ref().map(OpportunityView::from),
        }
    }
}

/// `GET`.
pub(crate) async fn show(app: &App, request: &Request, pk: &str) -> Reply {
    let seat = web::seat(app, request).await?;
    let (query, mut errors) = (web::query(request), FieldErrors::default());
    let older_events = web::cursor(&query, "history", &mut errors);
    let older_comments = web::cursor(&query, "comments", &mut errors);
    let Ok(id) = pk.parse() else {
        app.auth.admit(seat, &app.store).await?;
        return Err(ApiError::NotFound("lead"));
    };
    let comments = async {
        match older_comments {
            Some(before) => app.store.comments_before(seat.org, id, before).await.map(Some),
            None => Ok(None),
        }
    };
    // Rights and data are read at the same time; nothing is told before both are known.
    let (caller, folder, history, comments, sides) = tokio::join!(
        app.auth.admit(seat, &app.store),
        app.store.folder(seat.org, id, older_comments.is_none()),
        app.store.history(seat.org, id, older_events),
        comments,
        app.store.side_lists(seat.org),
    );
    let (caller, mut folder) = (caller?, folder?.ok_or(ApiError::NotFound("lead"))?);
    web::must_see(&caller, &folder.lead)?;
    errors.or(())?;
    if let Some((older, next)) = comments? {
        (folder.comments, folder.before) = (older, next);
    }
    let lead = &folder.lead;
    let history = match history? {
        page if older_events.is_some() => page,
        // Its first change came between the two reads.
        page if page.events.is_empty() && lead.version > 1 => app.store.history(seat.org, id, None).await?,
        page => page.or_created(lead),
    };
    let kept = app.attachments()?;
    let (people, attachments) =
        tokio::join!(app.store.people_of(lead), kept.arrived(folder.attachments, app.clock.now()));
    let (people, attachments, sides): (_, _, SideLists) = (people?, attachments?, sides?);
    let detail = Detail {
        lead_obj: lead.into(),
        address_obj: lead.into(),
        assigned_to: people.users.iter().map(UserView::from).collect(),
        teams: people.teams.iter().map(TeamView::from).collect(),
        comments: folder.comments.iter().map(CommentView::from).collect(),
        comments_cursor: folder.before.map(web::comment_cursor),
        attachments: attachments.iter().map(AttachmentView::from).collect(),
        contacts: people.contacts.iter().map(ContactView::from).collect(),
        users_mention: sides.users.iter().map(UserView::from).collect(),
        tags: lead.details.tags.names().collect(),
        users: sides.users.iter().map(UserView::from).collect(),
        source: sources(&sides.sources),
        status: Status::ALL.map(Status::as_str),
        conversion: people.converted.as_ref().map(|it| ConversionView::of(it, lead, &caller)),
        history: history.events.iter().map(EventView::from).collect(),
        history_cursor: history.before.map(web::history_cursor),
    };
    Ok(web::tagged(web::json(&detail), lead.version))
}

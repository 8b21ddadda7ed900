nav-drafts = Drafts
colon = :{" "}
echo = “{ $typed }” is { $what }
money-cny = { $what } yuan
money-usd = { $what } US dollars
money-hkd = { $what } Hong Kong dollars
money-least = { $what } or more
money-most = { $what } or less
done-draft-saved = The draft is saved.
done-draft-taken-back = Saved. The draft no longer waits for approval: hand it in again when you are done.
done-draft-merged = Saved. Somebody else has changed other fields meanwhile, and both changes are kept.
done-draft-deleted = The draft is deleted.
done-submitted = Handed in. What becomes of it is shown here.
done-published = Published.
done-approved-before = This was approved and published before: nothing has been changed now.
done-returned = Returned, with your reason.
done-renewed = It is valid for longer now.
done-renewal-waits = A longer validity needs an approval: it is handed in, and takes effect when it is approved.
done-filled = Marked as filled, and everybody who could see it is told. What it said is under “Filled”, to be copied into a new listing.
done-ended = Withdrawn, and everybody who could see it is told. What it said is under “Withdrawn”, to be copied into a new listing.
done-policy = The rule is saved.
drafts-title = Drafts and approval
drafts-new = Write a listing
drafts-states = By state
drafts-open = All that are open
drafts-all = Of the whole office
drafts-mine = Mine only
drafts-author = Author
drafts-editors = Also changed by
drafts-submitted = Handed in
tab-count = ({ $count })
drafts-updated-on = Updated { $what }
drafts-submitted-on = Handed in { $what }
drafts-returned-on = Returned { $what }
drafts-approved-on = Approved { $what }
drafts-untitled = (no title yet)
drafts-returned = Returned: { $what }
drafts-of-batch = Import “{ $what }”.
drafts-together = Look at a sample and approve it together
drafts-none = There are no drafts here
drafts-none-advice = Write a listing, or look at another state.
drafts-local = Administrator of this machine
drafts-program = A program ({ $what })
draft-state-draft = Draft
draft-state-submitted = Waits for approval
draft-state-returned = Returned
draft-state-approved = Approved
start-title = What do you want to publish?
start-lead = First what it is, then whether you have it or look for it. You can save at any time, and nothing is published yet.
start-capital = Loans, investments, funds, guarantees, grants
start-project = Projects that seek investors or partners
start-technology = Patents, results, technical problems
start-talent = Labour, posts, training, exchanges
start-event = Meetings, fairs, visits, roadshows
start-capital-offer = We have capital to give
start-capital-request = We need capital
start-project-offer = We have a project and seek partners
start-project-request = We look for projects
start-technology-offer = We have technology to transfer
start-technology-request = We need technology
start-talent-offer = We have people to send
start-talent-request = We need people
start-event-offer = We hold an event
start-event-request = We would join such an event
start-copy = Like an earlier one? Open it and choose “Copy”:
editor-new = New listing: { $what }
editor-choose = Choose
editor-several-help = Choose any number.
editor-audience-help = Choose any number. “On request” keeps it on this office's own node.
editor-body-help = Lines end where you end them, and an empty line ends a paragraph; **bold**, "- " begins a point, "## " a heading (Markdown). At most 20,000 characters.
editor-phone-help = With its area code, for example +86 755 8800 1234; write ext 8001 for an extension, and a comma between several
editor-audience-open = Choose who may see this listing.
editor-for-public = Public (anybody)
editor-for-registered = Registered enterprises
editor-for-network = All members
editor-for-nobody = On request (shown to nobody by itself)
editor-for-circle = Members of the circle “{ $what }”
editor-for-named = Named members
editor-for-others = Other members (by name, with ; between them)
editor-group-kind = More about it
editor-group-contact = Contact
editor-group-more = Summary, classification and validity
editor-preview = Preview the text
editor-save = Save the draft
editor-send = Check and send
editor-forget = Delete the draft
editor-saved = Saved: { $date }, { $time }
editor-taken-back = { $what }, and no longer waiting for approval
editor-saving = Saving…
editor-unsaved = Changes are not saved yet
editor-retry = It cannot be saved at the moment and will be tried again. What you typed is still on this page.
editor-lost = Not saved: you are no longer signed in. Press “Save the draft”: it is saved once you have signed in.
editor-returned = { $who } returned this draft: { $what }
editor-waits = This draft was handed in and waits for approval. A change takes it back: press “Check and send” again when you are done.
editor-wrong = { $count ->
    [one] One thing is still to be added or corrected: it is said beside its field. The rest is saved.
   *[other] { $count } things are still to be added or corrected: each is said beside its field. The rest is saved.
    }
editor-gone = { $what } What you typed is below: saved, it becomes a new draft.
editor-yourself = You yourself (in another window)
editor-conflict-title = Two people have changed it
editor-conflict = { $who } changed and saved this draft at { $time }. What you typed is not saved, and nothing of theirs was overwritten.
editor-apart = { $who } changed other fields of this draft at { $time }. What you typed is not saved yet: press “Save the draft”, and both changes are kept.
editor-theirs = What they wrote
editor-mine = What you wrote
editor-keep-mine = Save what I wrote
editor-take-theirs = Leave mine and look at theirs
send-title = Check before you send it
send-lead = Read it once more as your readers will. Nothing has been sent yet.
send-edit = Back to editing
send-publish = Publish
send-submit = Hand in for approval
send-check-again = Next: confirm it once more
send-then-none = “Publish” sends it at once.
send-then-self = Your office asks for a second look before publication: the next page is for that.
send-then-other = Your office has another person approve what is published. It is sent when they have agreed.
warnings = Please note
warning-alike = { $count ->
    [one] One listing says much the same and may be a duplicate:
   *[other] { $count } listings say much the same and may be duplicates:
    }
warning-contact = No person, telephone or mailbox is given: readers cannot get in touch.
warning-personal = The text may hold personal data: { $what }. Make sure that it has to be there: whoever sees the listing sees it.
warning-personal-contact = The contact may hold personal data: { $what }. The office's own telephone and mailbox are better.
personal-mobile = mobile number { $what }
personal-card = identity number { $what }
personal-mailbox = private mailbox { $what }
audience-title = Who will see it
audience-sees = Members who can see it
audience-sees-not = Members who cannot
audience-anybody = Anybody, search engines included
audience-registered = Enterprises registered with any node
audience-no-member = No other member
audience-gained = Who sees it now in addition
audience-lost = Who no longer sees it
audience-named = Readers see the audience
audience-named-all = Offices and programs that see the listing see this audience, by these names ({ $what }).
audience-narrower = Fewer will see it than see what is published, and nobody new.
audience-idle = “{ $wide }” includes what else is chosen: { $what }. Nobody sees it only because of that, and every reader would see the names.
editor-idle = { $what } It is left out when you hand it in.
send-then-nobody = This change shows nobody anything more, so it waits for nobody. “Publish” sends it at once.
audience-more = { $count ->
    [one] {" "}and one more
   *[other] {" "}and { $count } more
    }
audience-wider = More people than before will see it.
audience-carrying = What carriers see
audience-carriers = The gateway's operator, and the nodes of these members, can see all that they carry and keep.
audience-carriers-none = It stays on this office's own node: the gateway's operator does not see it.
difference = What changes of what is published
difference-field = Field
difference-before = Published
difference-after = After the change
difference-none = Nothing of its content changes.
shown-title = What readers will see
review-title = Approval
review-waits-title = Waiting for approval
review-waits-lead = This is what was handed in. It is published when a reviewer approves it.
review-lead = It is published as soon as you agree. You agree to what is shown below and to nothing else: a later change needs a new approval.
review-again = Your office asks for a second look before publication. Check it for the last time.
review-outdated = What is published has changed since this was handed in. Return it, so that its author hands it in again.
review-changed = { $what } has just changed it: what you saw is no longer what waits, so nothing was published. This is what waits now.
review-own-hand = You have had a hand in this: another person must approve it.
review-reviewers = A reviewer, or somebody who stands in for one, must approve it.
review-yes-title = Agree
review-yes-lead = Check code of the content:
review-yes = Approve and publish
review-no-title = Return
review-reason = Reason
review-reason-help = Say what is to be changed: the author sees it.
review-no = Return it
unreturned-title = Not returned
unreturned-lead = The author did not get your reason; it is kept here. Look at the draft as it is now, copy the text where you need it, or return the draft once it is handed in again.
unreturned-look = Look at the draft
unreturned-again = Return again
review-edit = Open the draft (a change must be handed in again)
ended-title = Approved
ended-lead = This draft was approved and published: it needs no other approval.
ended-approver = Approved by
ended-time = Approved at
ended-look = Look at the listing
forget-title = Delete the draft?
forget-lead = The draft “{ $what }” will be deleted for good. What is published stays as it is.
forget-back = Keep it
batch-title = Approve together
batch-waiting = { $count ->
    [one] One waits for approval.
   *[other] { $count } wait for approval.
    }
batch-others = { $count ->
    [one] One more is not handed in and stays as it is.
   *[other] { $count } more are not handed in and stay as they are.
    }
batch-sample = A sample
batch-lead = All of them are published, each by itself. You agree to what is handed in at this moment, check code:
batch-yes = Approve and publish all
batch-approved = { $count ->
    [one] One was published.
   *[other] { $count } were published.
    }
batch-failed = { $count ->
    [one] One could not be published and stays as it is:
   *[other] { $count } could not be published and stay as they are:
    }
published-title = Published by this office
published-list = Published listings
published-live = All that are live
published-soon = Closing within 14 days
published-none = Nothing is published yet
published-none-soon = Nothing closes within 14 days
published-found = { $count ->
    [one] One listing, what closes soonest first.
   *[other] { $count } listings, what closes soonest first.
    }
published-kinds = All kinds
published-all = All of them
published-none-advice = Write a listing, or import a spreadsheet.
end-edit = Edit
end-renew = Still true: extend
end-fill = Mark as filled
end-withdraw = Withdraw
end-copy = Copy
end-waits-renewal = Extension handed in, waits for approval
end-waits-change = Change handed in, waits for approval
end-waits-look = See what was handed in
end-title = Withdraw this listing?
end-lead = “{ $what }” will be withdrawn from everybody who can see it. That waits for nobody and cannot be undone; you can copy it into another one.
end-yes = Withdraw
end-back = Leave it
end-rather-fill = Has it found a partner? Mark it as filled.
fill-title = Mark it as filled?
fill-lead = “{ $what }” has found a partner and will be marked as filled: nobody’s pages show it any longer, and partners count it as filled. That waits for nobody and cannot be undone; you can copy it into another one.
fill-yes = Mark as filled
fill-back = Cancel
policy-title = Approval
policy-lead = Who approves what is published. Narrowing, withdrawing and marking as filled never wait.
policy-now = Rule in force
policy-rule = Rule
policy-set = Set
policy-rule-help = “Default”: another person, where two or more may write; else nobody.
policy-default = Default
policy-none = Nobody: publish at once
policy-self = The author, in a second look
policy-other = Another person
policy-by = Set by { $who } at { $time }
policy-nobody = Nobody has chosen: the default
policy-deputies = Deputies
policy-deputies-help = They approve while a reviewer is away. Leave it empty where nobody is.
policy-deputies-keep = Untick to end it.
policy-reviewer = Reviewer
policy-deputy = Deputy
policy-until = Until
policy-until-help = For example 2027-03-31, at most a year
policy-people-needed = There is a day without people: choose reviewer and deputy, or empty the day.
policy-reviewer-needed = Choose the reviewer who is away.
policy-reviewer-unfit = This is no reviewer any longer: choose another.
policy-deputy-needed = Choose who stands in.
policy-deputy-unfit = Choose somebody else: a deputy may write, is not the reviewer, and does not stand in for them already.
policy-until-needed = Say until which day, for example 2027-03-31.
policy-kept-unfit = Some of the deputies may be none any longer: untick them and save again.
policy-save = Save the rule
policy-admins = Only administrators can change the rule.
drafts-of-import = What came with one import.
drafts-import-waits = An import that { $who } handed in on { $time } waits for approval.
drafts-import-see = See the whole import
review-import = It came with an import, which can be approved together.
batch-sampled = { $count ->
    [one] { $count } listing from all over the import: choose its title to read it in full.
   *[other] { $count } listings from all over the import: choose a title to read it in full.
}
batch-all = See all of them
drafts-file-state = State of the draft
drafts-file-reason = Reason of the return
drafts-file-author = Author of the draft
drafts-file-updated = Draft changed at
gone-filled = Filled
gone-withdrawn = Withdrawn
gone-expired = Ended
gone-none = Nothing here
gone-lead = This listing has ended, and readers no longer see it. Below is what it said at last: your office alone sees it, for about a year.
gone-title = What it said at last
gone-by = Done by
gone-when = { $what }: { $time }
gone-when-by = { $what }: { $time }, { $who }
done-batch-returned = All of them are returned, with your reason.
review-returned-title = Returned before
review-returned = Returned before: { $what } ({ $who }, { $time })
review-returned-same = Nothing has changed since.
review-returned-before = When it was returned
review-returned-after = Now
batch-no-title = Return all of them
batch-no = Return all
batch-returned = { $count ->
    [one] One is returned.
   *[other] { $count } are returned.
    }
batch-unreturned = { $count ->
    [one] One could not be returned and stays as it is:
   *[other] { $count } could not be returned and stay as they are:
    }
batch-changed = Some of these have just changed, so nothing was returned. Look at them as they are now, and return them again.
closes-default = { $what } (not filled in: the default)

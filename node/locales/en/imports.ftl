nav-import = Import
import-title = Import a spreadsheet
import-lead = Send a spreadsheet, and each row becomes a listing. You first see what would become of each row, and correct what is wrong; nothing is published until you say so, and what needs an approval is handed in. Listings that are absent from the file are never withdrawn, and sending a file twice makes nothing twice.
import-no-member = You are signed in as administrator of this server: first choose, at the top of the page, the member for whom you import.
import-file = Spreadsheet
import-file-help = .xlsx, .xls, .ods or .csv (UTF-8 or GB18030), at most { $size } MiB and { $rows } rows.
import-no-file = No file was chosen: choose a spreadsheet, then send it.
import-send = Send and look
import-templates = Templates
import-templates-lead = If you have no spreadsheet yet, begin with a template: each column is explained, with an example and lists to choose from. Spreadsheets of your own can be sent as they are; their columns need not be called the same.
import-mine = Imports
import-state = State
import-changed = Last change
import-kept = Imports are kept for seven days, ten for each person. What was published stays.
import-under-way = Under way
import-sent = Columns to be checked
import-tried = Ready to be published
import-stopped = Broke off
import-done = Done
import-done-but = { $count ->
    [one] Done, { $count } row is wrong
   *[other] Done, { $count } rows are wrong
}
import-filled-in = Filled in as the last time, to be checked: { $what }.
import-step-columns = Columns
import-step-rows = Rows
import-step-done = Done
import-found = Read as { $kind }: headers in row { $header }, { $rows } rows with content below. { $sheet }
import-found-in = Sheet { $sheet } is read as { $kind }: headers in row { $header }, { $rows } rows with content below.
import-which-kind = The headers do not tell what kind of listings these are: choose the kind below, then read it like that.
import-no-header = No known headers were found: choose the kind and the row of the headers below, then read it like that.
import-table = Another sheet, kind or header row?
import-by-headers = By the headers
import-sheet = Sheet
import-all-sheets = Every sheet with known headers
import-header-row = Row of the headers
import-by-itself = Found by itself
import-first-rows = First rows of the sheet
import-look-again = Read it like this
import-columns = What the columns hold
import-columns-lead = What was recognised is chosen already: check it, correct what is wrong, and leave out what is not needed. The next file of your office with these headers is read the same way.
import-column = Column
import-samples = Samples
import-field = Holds
import-unit = Unit of amounts
import-field-of = What column { $what } holds
import-unit-of = Unit of amounts in column { $what }
import-not = Not imported
import-unit-own = By header and cell
import-unit-said = As the file says: { $what }
import-for-all = The same for all rows
import-for-all-lead = What no column has, and rows whose cell is blank, get what you write here. Leave blank what you do not need.
import-no-value = Not for all
import-by-header = As the headers say: { $what }
import-which-field = { $column }: { $what }
import-no-value-for = No column says this: { $what }. Give it under “The same for all rows”, or each row will be wrong.
import-words = What your office calls its audiences
import-words-lead = On the left what the file says, on the right the audience that it means, for example a circle or a member by name.
import-word = Word
import-scope = Audience
import-preview = Look at each row
import-give-up = Give this import up
import-forget = Remove this import
import-doing = Under way
import-doing-lead = You may leave this page: the work goes on, and Import shows how far it has come.
import-look = See how far it has come
import-stop = Stop
import-waiting = Other imports come first; waiting…
import-reading = Reading the file…
import-sending = { $done } of { $total } rows
import-keeping = Writing down what came of it…
import-done-lead = The import is done.
import-publish = { $count ->
    [one] Publish { $count } row
   *[other] Publish { $count } rows
}
import-hand-in = { $count ->
    [one] Hand in { $count } row for approval
   *[other] Hand in { $count } rows for approval
}
import-waiting-rows = { $count ->
    [one] One row of them needs an approval before it is published; the others are published at once.
   *[other] { $count } rows of them need an approval before they are published; the others are published at once.
}
import-row-waits = Needs an approval
import-go-on = Go on
import-nothing = There is nothing to publish: all of it is published or handed in already.
import-review = Look at what waits for approval
import-see = Look at your office's listings
import-wrong = { $count ->
    [one] Download the wrong row
   *[other] Download the { $count } wrong rows
}
import-wrong-lead = Wrong rows are not published. Download them, correct the cells that are marked, and send the file again.
import-change = Change what the columns hold
import-preview-stopped = The preview broke off, and nothing was written. Look at the rows again when you like.
import-stopped-at = The import broke off after { $done } of { $total } rows. Going on repeats nothing that was imported.
import-states = By state
import-all = All
import-rows = Rows
import-row = Row
import-row-title = Title
import-remarks = Remarks
import-remark = { $cell }: { $what }
done-import-gone = The import is removed. What was published stays.
export-cut = Only the first { $count } listings are here: narrow the search and export in parts.
export-as = Export:
import-say-table = Kind and headers
import-no-rows = There is nothing below the headers, so there is no row to import. Fill the table in and send it again.
import-no-column = No column holds what every listing needs: { $what }. Choose one under “Holds”, or each row will be wrong.
import-audience-help = Who may see them: public, registered (enterprises), network (all members), or none: it stays with your office. Also the name of a circle or a member; several with ; between them.
import-done-published = { $count ->
    [one] { $count } row is published.
   *[other] { $count } rows are published.
}
import-done-submitted = { $count ->
    [one] { $count } row was handed in and is published once it is approved.
   *[other] { $count } rows were handed in and are published once they are approved.
}
import-done-wrong = { $count ->
    [one] { $count } wrong row was not imported: download it, correct it and send it again. What was imported is not repeated.
   *[other] { $count } wrong rows were not imported: download them, correct them and send them again. What was imported is not repeated.
}
import-nothing-good = No row can be published: correct them first.
import-wrong-name = { $what }-wrong.xlsx
import-forget-title = Remove the import?
import-forget-lead = “{ $what }” and what is known of its rows will be removed, and cannot be brought back.
import-forget-help = What was published or handed in stays.
import-give-up-help = Nothing was published yet; the same file can be sent again later.
import-no-column-in = In sheet { $sheet } no column holds what every listing needs: { $what }. Choose one under “Holds”, or each of its rows will be wrong.
import-done-approved = { $count ->
    [one] { $count } row that was handed in is approved and published.
   *[other] { $count } rows that were handed in are approved and published.
}
import-done-returned = { $count ->
    [one] { $count } row that was handed in was not approved: change it and hand it in again.
   *[other] { $count } rows that were handed in were not approved: change them and hand them in again.
}
import-handed-in = Handed in
import-row-published = Published
import-row-gone = Draft deleted
import-template-name = { $what }-template.xlsx
export-found = Search
export-drafts = Drafts

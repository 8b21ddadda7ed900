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
import-mine = Your imports
import-state = State
import-changed = Last change
import-kept = Imports are kept for seven days, ten for each person. What was published stays.
import-under-way = under way
import-sent = columns to be checked
import-tried = ready to be published
import-stopped = broke off
import-done = done
import-done-but = { $count ->
    [one] done, { $count } row is wrong
   *[other] done, { $count } rows are wrong
}
import-step-columns = Columns
import-step-rows = Rows
import-step-done = Done
import-found = Read as { $kind }: headers in row { $header }, { $rows } rows with content. { $sheet }
import-found-in = Sheet { $sheet } is read as { $kind }: headers in row { $header }, { $rows } rows with content.
import-which-kind = The headers fit several kinds of listings: choose the kind below.
import-no-header = No known headers were found: choose the kind and the row of the headers below.
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
import-not = not imported
import-unit-own = by header and cell
import-unit-said = as the file says: { $what }
import-for-all = The same for all rows
import-for-all-lead = Rows whose cell is blank get what you write here. Leave blank what you do not need.
import-no-value = not for all
import-words = What your office calls its audiences
import-words-lead = On the left what the file says, on the right the audience that it means, for example circle:pan-prd.
import-word = Word
import-scope = Audience
import-preview = Look at each row
import-give-up = Give this import up
import-forget = Remove this import
import-doing = Under way
import-doing-lead = You may leave this page: the work goes on, and Import shows how far it has come.
import-stop = Stop
import-waiting = Other imports come first; waiting…
import-reading = Reading the file…
import-sending = { $done } of { $total } rows
import-keeping = Writing down what came of it…
import-done-lead = The import is done. Wrong rows can be downloaded, corrected and sent again; what was imported is not repeated.
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
import-row-waits = needs an approval
import-go-on = Go on
import-nothing = There is nothing to publish.
import-review = Look at what waits for approval
import-see = Look at your office's listings
import-wrong = { $count ->
    [one] Download the wrong row
   *[other] Download the { $count } wrong rows
}
import-wrong-lead = Wrong rows are not published. Download them, correct the cells that are marked, and send the file again.
import-change = Change what the columns hold
import-stopped-at = The import broke off after { $done } of { $total } rows. Going on repeats nothing that was imported.
import-states = By state
import-all = all
import-rows = Rows
import-row = Row
import-row-title = Title
import-remarks = Remarks
import-remark = { $cell }: { $what }
done-import-gone = The import is removed. What was published stays.
export-cut = Only the first { $count } listings are here: narrow the search and export in parts.
export-as = Export:

"""Reads a calendar from standard input with icalendar, and writes its events as JSON."""

import json
import sys

import icalendar

calendar = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
events = [
    {
        "uid": str(event["UID"]),
        "sequence": int(event["SEQUENCE"]),
        "status": str(event["STATUS"]),
        "summary": str(event.get("SUMMARY", "")),
        "start": event.decoded("DTSTART").isoformat(),
        "stamp": event.decoded("DTSTAMP").isoformat(),
    }
    for event in calendar.walk("VEVENT")
]
json.dump({"version": str(calendar["VERSION"]), "events": events}, sys.stdout)

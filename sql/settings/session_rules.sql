-- One row per event name of a rule that decides whether events open a session: those of the click-stream up to the last
-- rule with opens_session: false; rules that ask for attributes decide nothing of this. Without one there is no row, so that another rule makes no event anew.
create table settings.session_rules (
    rule_number bigint,         -- as in settings.touchpoint_rules; the lowest that matches decides
    event_name text,            -- as the source names it; null: any
    url_pattern text,           -- SQL like pattern of the URL's path; null: any
    opens_session boolean       -- false: its events are as if no person had caused them
)

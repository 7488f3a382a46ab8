-- checks: metrics.survey_requests
-- severity: warn
-- finds: surveys that are not what surveys of journey.yaml says
-- do: Correct the entry in journey.yaml: the name as the export has it, and nps of a survey on 0–10 alone.
-- Each survey that journey.yaml lists is in the exports, and one that it calls an NPS has answers on 0–10.
select
    said.survey,
    case when count(requests.request_id) = 0 then 'not in the exports' else 'an NPS that is not on 0–10' end as trouble
from settings.surveys as said
left join metrics.survey_requests as requests on said.survey = requests.survey
group by said.survey
having count(requests.request_id) = 0 or bool_or(said.kind = 'nps' and requests.kind <> 'nps')
order by said.survey

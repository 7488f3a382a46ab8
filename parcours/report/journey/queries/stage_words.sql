-- What the shop believes of each stage, in the order of journey.yaml, with what the figures say of it.
select words.*, personas.persona_label
from metrics.stage_words as words
left join settings.personas as personas on words.persona = personas.persona
order by words.position

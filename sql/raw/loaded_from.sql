-- One row: the folder whose files are loaded, so that those of another shop are not added to them.
create table raw.loaded_from (
    folder text                 -- of the exports
)

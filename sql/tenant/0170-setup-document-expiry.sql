-- Documents of a type, by the day until which they are valid (ONB02US02).
create index if not exists document_type_valid on document (type_id, valid_to);

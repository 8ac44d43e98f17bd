pragma application_id = 0x524f4c4c;
create table meta (key text primary key, value text not null) without rowid;
create table question (id integer primary key, key text not null unique);
create table entry (
  ordinal integer primary key, line integer not null, question integer, input text not null, columns text, error text);
create index entry_question on entry (question, ordinal);
create table outcome (
  question integer primary key, outcome text not null, http_status integer, attempts integer not null,
  calls integer not null, ms real, at integer not null, body text, error text);
insert into meta values
  ('request', '{"method":"GET","url":"http://api.example/zips/{code}","header key":"${KEY}"}'),
  ('list', '{"source":"list.csv","entries":7,"columns":["name","zip"],"column":"zip","outputs":["out.csv"]}');
insert into question values (1, '00501'), (2, '99999'), (3, '12345'), (4, '60601'), (5, '10001');
insert into entry values
  (0, 2, 1, '00501', '{"name":"Anna","zip":"00501"}', null),
  (1, 3, 2, '99999', '{"name":"Bea","zip":"99999"}', null),
  (2, 4, 3, '12345', '{"name":"Carl","zip":"12345"}', null),
  (3, 5, 1, '00501', '{"name":"Dora","zip":"00501"}', null),
  (4, 6, null, 'N/A', '{"name":"Erik","zip":"N/A"}', '{"type":"invalid_code","message":"the code does not match [0-9]{5}"}'),
  (5, 7, 4, '60601', '{"name":"Fritz","zip":"60601"}', null),
  (6, 8, 5, '10001', '{"name":"Georg","zip":"10001"}', null);
insert into outcome values
  (1, 'found', 200, 1, 1, 41.3, 1795799933676, '{"city":"City é😀 of 00501","big":"xxxxxxxxxxxxxxxxxxxx"}', null),
  (2, 'not_found', 404, 1, 1, 29, 1795799933716, '', null),
  (3, 'failed', 418, 1, 1, 5.6, 1795799933741, '{"error":"teapot"}', '{"type":"status","message":"the server said 418"}'),
  (4, 'found', 200, 1, 1, 3.1, 1795799933751, '{"city":"City é😀 of 60601","big":"xxxxxxxxxxxxxxxxxxxx"}', null);
pragma user_version = 1;

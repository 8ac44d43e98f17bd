CREATE SCHEMA released;
CREATE TABLE released.change (
    list integer NOT NULL,
    epoch bigint NOT NULL,
    ordinal bigint NOT NULL
);
CREATE TABLE released.entry (
    list integer NOT NULL,
    ordinal bigint NOT NULL,
    line bigint NOT NULL,
    question bigint,
    input text NOT NULL,
    columns text,
    error text
);
CREATE TABLE released.list (
    id integer NOT NULL,
    name text NOT NULL,
    value text,
    used integer DEFAULT 0 NOT NULL,
    first bigint NOT NULL,
    epoch bigint NOT NULL,
    is_counted boolean DEFAULT false NOT NULL,
    entries bigint DEFAULT 0 NOT NULL,
    questions bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    forgotten bigint DEFAULT 0 NOT NULL,
    found bigint DEFAULT 0 NOT NULL,
    not_found bigint DEFAULT 0 NOT NULL,
    invalid bigint DEFAULT 0 NOT NULL,
    failed bigint DEFAULT 0 NOT NULL,
    skipped bigint DEFAULT 0 NOT NULL
);
ALTER TABLE released.list ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME released.list_id_seq
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE released.note (
    name text NOT NULL,
    value text NOT NULL
);
COMMENT ON TABLE released.note IS 'rollcall ledger, version 1';
CREATE TABLE released.outcome (
    question bigint NOT NULL,
    outcome text NOT NULL,
    http_status integer,
    attempts bigint NOT NULL,
    calls bigint NOT NULL,
    ms double precision,
    at bigint NOT NULL,
    body text,
    error text
);
CREATE TABLE released.question (
    id bigint NOT NULL,
    key text NOT NULL
);
ALTER TABLE released.question ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME released.question_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE UNLOGGED TABLE released.reserve (
    filler text
);
CREATE TABLE released.standing (
    list integer NOT NULL,
    epoch bigint NOT NULL,
    outcomes bigint NOT NULL,
    oldest bigint,
    stale bigint NOT NULL,
    since bigint
);
CREATE TABLE released.superseded (
    question bigint,
    outcome text NOT NULL,
    http_status integer,
    attempts bigint NOT NULL,
    calls bigint NOT NULL,
    ms double precision,
    at bigint NOT NULL,
    body text,
    error text
);
INSERT INTO released.change VALUES (0, 34581634049855, 0);
INSERT INTO released.entry VALUES (0, 0, 2, 1, '00501', '{"name":"Anna","zip":"00501"}', NULL);
INSERT INTO released.entry VALUES (0, 1, 3, 2, '99999', '{"name":"Bea","zip":"99999"}', NULL);
INSERT INTO released.entry VALUES (0, 2, 4, 3, '12345', '{"name":"Carl","zip":"12345"}', NULL);
INSERT INTO released.entry VALUES (0, 3, 5, 1, '00501', '{"name":"Dora","zip":"00501"}', NULL);
INSERT INTO released.entry VALUES (0, 4, 6, NULL, 'N/A', '{"name":"Erik","zip":"N/A"}', '{"type":"invalid_code","message":"the code does not match [0-9]{5}"}');
INSERT INTO released.entry VALUES (0, 5, 7, 4, '60601', '{"name":"Fritz","zip":"60601"}', NULL);
INSERT INTO released.entry VALUES (0, 6, 8, 5, '10001', '{"name":"Georg","zip":"10001"}', NULL);
INSERT INTO released.list OVERRIDING SYSTEM VALUE VALUES (0, '/tmp/rollcall-test-ez4HKZ/work/out.csv', '{"name":"/tmp/rollcall-test-ez4HKZ/work/out.csv","source":"list.csv","entries":7,"columns":["name","zip"],"column":"zip","inputs":[],"expect":"json","select":["city"],"outputs":["/tmp/rollcall-test-ez4HKZ/work/out.csv"],"host":"vm"}', 2, 34581634049854, 34581634049855, true, 7, 5, 1, 0, 2, 1, 0, 1, 0);
INSERT INTO released.note VALUES ('id', '"ff4db691597a0a6f4848c8d06d678e5a7d97"');
INSERT INTO released.note VALUES ('request', '{"method":"GET","url":"http://api.example/zips/{code}","header key":"${KEY}"}');
INSERT INTO released.note VALUES ('reading', '"[\"json\",\"\"]"');
INSERT INTO released.note VALUES ('holder', '{"pid":31941,"host":"vm","since":1795799935281}');
INSERT INTO released.note VALUES ('editions', '[[2,0]]');
INSERT INTO released.note VALUES ('older', '{}');
INSERT INTO released.note VALUES ('budget', '{"calls":["5"]}');
INSERT INTO released.note VALUES ('spent', '{"calls":5,"windows":{"hour":{"at":1795799936334,"calls":5},"day":{"at":1795799936334,"calls":5},"week":{"at":1795799936334,"calls":5},"month":{"at":1795799936334,"calls":5},"year":{"at":1795799936334,"calls":5}},"history":[[1795799933689,2],[1795799933750,2],[1795799935887,1]],"pace":{},"gate":0}');
INSERT INTO released.note VALUES ('stopped', '{"reason":"budget","message":"the budget of 5 calls is spent (4 by earlier runs)","_tag":"StopError"}');
INSERT INTO released.note VALUES ('output /tmp/rollcall-test-ez4HKZ/work/out.csv', '{"list":0,"epoch":34581634049855,"layout":"da3a0468d0139585c9a0ecf0","position":6,"offset":399,"hash":"45a1a2c6c3c04d269018edffbddf277c","inode":"2672645","isComplete":false,"isOpen":false,"formulas":0}');
INSERT INTO released.outcome VALUES (1, 'found', 200, 1, 1, 41.3, 1795799933676, '{"city":"City é😀 of 00501","big":"xxxxxxxxxxxxxxxxxxxx"}', NULL);
INSERT INTO released.outcome VALUES (2, 'not_found', 404, 1, 1, 29, 1795799933716, '', NULL);
INSERT INTO released.outcome VALUES (3, 'failed', 418, 1, 1, 5.6, 1795799933741, '{"error":"teapot"}', '{"type":"status","message":"the server said 418: {\"error\":\"teapot\"}"}');
INSERT INTO released.outcome VALUES (4, 'found', 200, 1, 1, 3.1, 1795799933751, '{"city":"City é😀 of 60601","big":"xxxxxxxxxxxxxxxxxxxx"}', '{"type":"status","message":"the server said 418: {\"error\":\"teapot\"}"}');
INSERT INTO released.question OVERRIDING SYSTEM VALUE VALUES (1, '00501');
INSERT INTO released.question OVERRIDING SYSTEM VALUE VALUES (2, '99999');
INSERT INTO released.question OVERRIDING SYSTEM VALUE VALUES (3, '12345');
INSERT INTO released.question OVERRIDING SYSTEM VALUE VALUES (4, '60601');
INSERT INTO released.question OVERRIDING SYSTEM VALUE VALUES (5, '10001');
INSERT INTO released.standing VALUES (0, 34581634049855, 4, 1795799933676, 1, 1795799933751);
INSERT INTO released.superseded VALUES (4, 'found', 200, 1, 1, 3.1, 1795799933751, '{"city":"City é😀 of 60601","big":"xxxxxxxxxxxxxxxxxxxx"}', NULL);
SELECT pg_catalog.setval('released.list_id_seq', 0, true);
SELECT pg_catalog.setval('released.question_id_seq', 5, true);
ALTER TABLE ONLY released.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (list, epoch);
ALTER TABLE ONLY released.entry
    ADD CONSTRAINT entry_pkey PRIMARY KEY (list, ordinal);
ALTER TABLE ONLY released.list
    ADD CONSTRAINT list_name_key UNIQUE (name);
ALTER TABLE ONLY released.list
    ADD CONSTRAINT list_pkey PRIMARY KEY (id);
ALTER TABLE ONLY released.note
    ADD CONSTRAINT note_pkey PRIMARY KEY (name);
ALTER TABLE ONLY released.outcome
    ADD CONSTRAINT outcome_pkey PRIMARY KEY (question);
ALTER TABLE ONLY released.question
    ADD CONSTRAINT question_key_excl EXCLUDE USING hash (key WITH =);
ALTER TABLE ONLY released.question
    ADD CONSTRAINT question_pkey PRIMARY KEY (id);
ALTER TABLE ONLY released.standing
    ADD CONSTRAINT standing_pkey PRIMARY KEY (list);
CREATE INDEX entry_question_list_ordinal_idx ON released.entry USING btree (question, list, ordinal);
CREATE INDEX superseded_question ON released.superseded USING btree (question);

/**
 * What most transactions write: a creation, and an end that nobody has to look at. A batch writes all of them by a few
 * statements, whatever their number, or none of them.
 */

const text = (bytes: number) => `varchar(${bytes + 1}) character set utf8mb4`;

const created = /* sql */ `json_table(p_creations, '$[*]' columns (
        gid ${text(512)} path '$[0]',
        token ${text(255)} path '$[1]',
        type ${text(32)} path '$[2]',
        status ${text(32)} path '$[3]',
        owner ${text(255)} path '$[4]',
        due bigint path '$[5]',
        created bigint path '$[6]',
        updated bigint path '$[7]',
        progress_at bigint path '$[8]',
        progress_size bigint path '$[9]',
        checksum int path '$[10]',
        definition_at bigint path '$[11]',
        definition_size bigint path '$[12]',
        definition_checksum int path '$[13]')) j`;

const ended = /* sql */ `json_table(p_ends, '$[*]' columns (
        gid ${text(512)} path '$[0]',
        owner ${text(255)} path '$[1]',
        version bigint path '$[2]',
        token ${text(255)} path '$[3]',
        due bigint path '$[4]',
        updated bigint path '$[5]',
        finished bigint path '$[6]',
        progress_at bigint path '$[7]',
        progress_size bigint path '$[8]',
        checksum int path '$[9]')) j`;

const gidOf = (list: 'p_creations' | 'p_ends', more = '') => /* sql */ `json_table(${list}, '$[*]' columns (
        gid ${text(512)} path '$[0]'${more})) j`;

/** Joined by their gids, in the order of the list. */
const stored = 'straight_join {p}transactions t on t.gid = cast(j.gid as binary)';

const refuse = /* sql */ `
      rollback;
      select null;
      leave whole;`;

/**
 * None of the gids may be there. This is asked first: the statement that inserts would hold what numbers the rows of everybody
 * while it waits for a row that somebody else holds.
 */
export const quickCreations = /* sql */ `
  if json_length(p_creations) > 0 then
    select count(*) into found from ${gidOf('p_creations')} ${stored};
    if found > 0 then${refuse}
    end if;
    set is_double = 0;
    insert into {p}transactions (gid, type, status, owner, handed_back, has_incident, version, due_ms, created_ms,
      updated_ms, finished_ms, branch_count, definition_bytes, branches_bytes, checksum, definition_checksum,
      create_token, write_token, incident, reason, progress, definition, needs)
    select j.gid, j.type, j.status, nullif(j.owner, ''), 1, 0, 1, j.due, j.created, j.updated, 0, 0, j.definition_size, 0,
      j.checksum, j.definition_checksum, j.token, j.token, '', '', substr(p_bytes, j.progress_at, j.progress_size),
      substr(p_bytes, j.definition_at, j.definition_size), 0
    from ${created};
    if is_double then${refuse}
    end if;
    insert into {p}active (owner, id, due_ms, created_ms, needs, status)
    select ifnull(t.owner, ''), t.id, if(t.owner is null, t.due_ms, 0), t.created_ms, 0, t.status
    from ${gidOf('p_creations')} ${stored};
  end if;`;

/** All rows must be there, as they are expected and held by nobody else. */
export const quickEnds = /* sql */ `
  if json_length(p_ends) > 0 then
    select count(*) into found from (select gid, owner, version from ${ended}) j ${stored}
    where t.version = j.version and t.owner <=> nullif(j.owner, '') and not t.has_incident for update skip locked;
    if found <> json_length(p_ends) then${refuse}
    end if;
    update ${ended} ${stored}
    set t.status = 'succeed', t.handed_back = 1, t.owner = null, t.version = t.version + 1, t.due_ms = j.due,
      t.updated_ms = j.updated, t.finished_ms = j.finished, t.write_token = j.token, t.incident = '', t.reason = '',
      t.progress = substr(p_bytes, j.progress_at, j.progress_size), t.checksum = j.checksum;
    delete a from ${gidOf('p_ends', `, owner ${text(255)} path '$[1]'`)} ${stored}
      straight_join {p}active a on a.owner = cast(j.owner as binary) and a.id = t.id;
  end if;`;

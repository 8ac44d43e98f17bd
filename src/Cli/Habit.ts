/**
 * What the habits of other tools type: what we have under another name is taken for it, and what we do in another way is told.
 */

/** Letters and words of others for flags of ours. */
export const synonyms: ReadonlyMap<string, string> = new Map([
  ["-A", "user-agent"],
  ["-k", "insecure"],
  ["--request", "method"],
  ["--data-raw", "data"],
  ["--data-binary", "data"],
  ["--cacert", "ca"],
  ["--concurrent", "concurrency"],
  ["--silent", "quiet"],
  ["--output-format", "format"],
  ["--out", "output"]
])

const parallel = "-c N sets how many calls are in flight"
const again = "the same command goes on where it stopped; --redo failed asks what failed again"

/** What to write instead. */
export const advice: ReadonlyMap<string, string> = new Map([
  ["-u", "write a name and a password as -H 'Authorization: Basic ${BASIC}', in base64"],
  ["--user", "write a name and a password as -H 'Authorization: Basic ${BASIC}', in base64"],
  ["-b", "write -H 'Cookie: ${COOKIE}'"],
  ["--cookie", "write -H 'Cookie: ${COOKIE}'"],
  ["-e", "write -H 'Referer: …'"],
  ["-L", "redirects within the origin are followed; --allow-origin allows others"],
  ["--location", "redirects within the origin are followed; --allow-origin allows others"],
  ["-x", "HTTPS_PROXY=http://host:port in the environment names a proxy"],
  ["--proxy", "HTTPS_PROXY=http://host:port in the environment names a proxy"],
  ["--json", "-d '{\"code\":\"{code}\"}' sends a body of JSON as such"],
  ["-F", "a form with files is not sent; -d 'code={code}' sends a form"],
  ["-G", "write the query into the URL: --url 'https://api.example/?q={code}'"],
  ["-m", "--timeout limits a call, --max-time the run"],
  ["--connect-timeout", "--timeout limits a call, connecting included"],
  ["--retry", "write --retries N"],
  ["-s", "-q is quiet"],
  ["-f", "a status that is no success is an outcome; exit 3 tells of it"],
  ["-i", "plan shows the request; the status stands in each record"],
  ["-v", "plan shows the request; the status stands in each record"],
  ["--verbose", "plan shows the request; the status stands in each record"],
  ["--compressed", "answers are asked for packed, and unpacked, without a flag"],
  ["-j", parallel],
  ["-P", parallel],
  ["--jobs", parallel],
  ["--threads", parallel],
  ["--workers", parallel],
  ["--parallel", parallel],
  ["--resume", again],
  ["--continue", again],
  ["--limit", "--sample N asks N codes picked at random, --max-calls N stops after N calls"],
  ["-n", "--sample N asks N codes picked at random, --max-calls N stops after N calls"],
  ["--version", "rollcall --version shows it"],
  ["--dry-run", "rollcall plan shows what would be asked"]
])

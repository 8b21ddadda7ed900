// A real OpenID provider, for the node that is tested: whoever types a login there, with any password, is that subject.
//
//   DUIKOU_BROWSER_DIR=DIR node provider.mjs PLAN
//
// PLAN: {"port", "certificate": FILE, "key": FILE, "client", "secret", "redirect": ADDRESS}. Says "ready" when it listens,
// and ends when its standard input does.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import path from "node:path";
import { pathToFileURL } from "node:url";

const library = path.join(process.env.DUIKOU_BROWSER_DIR, "node_modules/oidc-provider/lib/index.js");
const { default: Provider } = await import(pathToFileURL(library).href);

const plan = JSON.parse(process.argv[2]);
const provider = new Provider(`https://127.0.0.1:${plan.port}`, {
  clients: [{ client_id: plan.client, client_secret: plan.secret, redirect_uris: [plan.redirect] }],
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: "somebody@office.example" }) }),
  pkce: { required: () => true },
  cookies: { keys: ["for the tests alone"] },
  features: { devInteractions: { enabled: true } },
  ttl: { Interaction: 600, Session: 600, Grant: 600, IdToken: 600, AccessToken: 600, AuthorizationCode: 60 },
});
const tls = { cert: readFileSync(plan.certificate), key: readFileSync(plan.key) };
createServer(tls, provider.callback()).listen(plan.port, "127.0.0.1", () => process.stdout.write("ready\n"));
process.stdin.on("end", () => process.exit(0)).resume();

// A real OpenID Connect provider on 127.0.0.1: prints its address, then reads one line of JSON,
// {"client_id", "client_secret", "redirect_uri"}, and serves until its stdin ends. Anybody may sign in there; the login
// that is typed is the email.
import http from "node:http";
import readline from "node:readline";

import Provider from "oidc-provider";

let answer = (_request, response) => {
  response.statusCode = 503;
  response.end();
};
const server = http.createServer((request, response) => answer(request, response));
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));

function configure(client) {
  const provider = new Provider(`http://127.0.0.1:${server.address().port}`, {
    clients: [
      {
        client_id: client.client_id,
        client_secret: client.client_secret,
        redirect_uris: [client.redirect_uri],
        response_types: ["code"],
        grant_types: ["authorization_code"],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    conformIdTokenClaims: false, // so that the id_token itself names the email, as Google's does
    cookies: { keys: ["a key of the tests"] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: id, email_verified: !id.startsWith("unverified"), name: id }),
    }),
  });
  provider.on("server_error", (_context, error) => console.error(error));
  answer = provider.callback();
}

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  configure(JSON.parse(line));
  console.log("ready");
});
lines.on("close", () => process.exit(0));

// Passkeys: a button with data-passkey="sign-in" or "new" talks to /sign-in/passkey; browsers without them hide it.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

async function post(address, body) {
  const answer = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error.message);
  return content;
}

async function signIn() {
  const publicKey = await post("/sign-in/passkey/options", "{}");
  publicKey.challenge = bytes(publicKey.challenge);
  const made = await navigator.credentials.get({ publicKey });
  await post("/sign-in/passkey", JSON.stringify({
    id: made.id, rawId: made.id, type: made.type,
    response: {
      clientDataJSON: text(made.response.clientDataJSON),
      authenticatorData: text(made.response.authenticatorData),
      signature: text(made.response.signature),
      userHandle: text(made.response.userHandle),
    },
  }));
}

async function register() {
  const publicKey = await post("/sign-in/passkey/new/options", "{}");
  publicKey.challenge = bytes(publicKey.challenge);
  publicKey.user.id = bytes(publicKey.user.id);
  for (const known of publicKey.excludeCredentials ?? []) known.id = bytes(known.id);
  const made = await navigator.credentials.create({ publicKey });
  await post("/sign-in/passkey/new?name=Passkey", JSON.stringify({
    id: made.id, rawId: made.id, type: made.type,
    response: {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
    },
  }));
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  button.hidden = !window.PublicKeyCredential;
  button.addEventListener("click", async () => {
    const problem = document.querySelector("[data-passkey-problem]");
    try {
      await (button.dataset.passkey === "new" ? register() : signIn());
      location.assign("/");
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  });
}

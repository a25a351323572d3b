// Small comforts of the pages of signing in; they work without it.

// The address of the page that an issuer sends a browser back to holds a code. It is used up, and need not stay in the
// history.
if (location.pathname === "/accounts/oidc/callback" && location.search) {
  history.replaceState(null, "", location.pathname);
}

// A code as the device shows it, however it is typed.
const code = document.getElementById("user_code");
if (code) {
  code.addEventListener("input", () => {
    const letters = code.value.toUpperCase().replace(/[^A-Z]/g, "").slice(0, 8);
    code.value = letters.length > 4 ? `${letters.slice(0, 4)}-${letters.slice(4)}` : letters;
  });
}

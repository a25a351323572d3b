// Starts Swagger UI. A file of its own: the page's content security policy allows no script inside the page.
window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    persistAuthorization: true,
    deepLinking: true,
    displayRequestDuration: true,
    validatorUrl: null, // no calls to anybody but us
  });
});

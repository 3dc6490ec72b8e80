// Fields for a moment: the server writes and reads UTC, people see and type their own zone.

const local = (moment) => new Date(moment - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
const ZONE = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" })
  .formatToParts(new Date()).find((part) => part.type === "timeZoneName").value;

for (const field of document.querySelectorAll("input[data-utc]")) {
  if (field.value) field.value = local(new Date(`${field.value}Z`));
  field.addEventListener("input", () => { field.form.elements.range.value = "custom"; });
}
for (const zone of document.querySelectorAll("[data-zone]")) zone.textContent = ZONE;

// The address has absolute moments, and only where they count.
document.addEventListener("formdata", (event) => {
  const form = event.target;
  for (const field of form.querySelectorAll("input[data-utc]")) {
    if (form.elements.range.value === "custom" && field.value) event.formData.set(field.name, new Date(field.value).toISOString());
    else event.formData.delete(field.name);
  }
});

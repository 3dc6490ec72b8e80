// Fields for a moment: the server writes and reads UTC, people see and type their own zone.

const local = (moment) => new Date(moment - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
const ZONE = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" })
  .formatToParts(new Date()).find((part) => part.type === "timeZoneName").value;

// The select beside it, if any, of whose choices only "custom" takes the field's moment: data-utc="its name".
const choiceOf = (field) => field.form.elements[field.dataset.utc];

for (const field of document.querySelectorAll("input[data-utc]")) {
  if (field.value) field.value = local(new Date(`${field.value}Z`));
  const choice = choiceOf(field);
  field.addEventListener("input", () => { if (choice) choice.value = "custom"; });
}
for (const zone of document.querySelectorAll("[data-zone]")) zone.textContent = ZONE;

// The address has absolute moments, and only where they count.
document.addEventListener("formdata", (event) => {
  const form = event.target;
  for (const field of form.querySelectorAll("input[data-utc]")) {
    if (field.value && (choiceOf(field)?.value ?? "custom") === "custom") event.formData.set(field.name, new Date(field.value).toISOString());
    else event.formData.delete(field.name);
  }
});

// Uploads a capture as it is: the body is the file, and its progress is shown.

for (const form of document.querySelectorAll("form[data-uploads]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const file = form.elements.file.files[0];
    const said = form.querySelector("[data-said]");
    const bar = form.querySelector("progress");
    const id = `${file.name.replace(/[^A-Za-z0-9-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 80) || "capture"}-${Date.now()}`;
    const query = new URLSearchParams({ name: file.name.slice(0, 148), organization: form.elements.organization.value });
    const request = new XMLHttpRequest();
    request.open("PUT", `${form.dataset.uploads}${id}?${query}`);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = (progress) => { bar.value = progress.loaded / progress.total; };
    request.onload = () => {
      if (request.status < 300) return location.reload();
      said.textContent = JSON.parse(request.responseText).error.message;
    };
    request.onerror = () => { said.textContent = "The upload broke off; try it again."; };
    bar.hidden = false;
    said.textContent = "Uploading …";
    request.send(file);
  });
}

/** Shows what the claw pushes, also while no page is open. It keeps nothing and answers no request. */

self.addEventListener("push", (event) => {
  const { text, tag } = event.data.json();
  event.waitUntil(self.registration.showNotification("claw", { body: text, tag, icon: "/icon.svg" })); // the same tag is shown once
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.matchAll({ type: "window" }).then(([page]) => (page ? page.focus() : self.clients.openWindow("/#chat"))));
});

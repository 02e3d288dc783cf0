import Orders

Program.run(Webhook.Settings.init) { settings, account, http, log in
    let webhook = Webhook(settings, account, http, log)
    try webhook.warmUp()
    return webhook.handle
}

import Orders

Program.run(Recovery.Settings.init) { settings, account, http, log in
    Recovery(settings, account, http, log).handle
}

import Orders

Program.run(OrderStatus.Settings.init) { settings, account, http, log in
    OrderStatus(settings, account, http, log).handle
}

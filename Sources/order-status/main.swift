import Orders

orderStatus()

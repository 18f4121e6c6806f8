using QuicChat.Gateway.Hosting;

return await GatewayCommand.RunAsync(args);

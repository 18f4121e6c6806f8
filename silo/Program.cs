using QuicChat.Silo.Hosting;

return await SiloCommand.RunAsync(args);

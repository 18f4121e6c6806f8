using QuicChat.Store;

return await StoreCommand.RunAsync(args);

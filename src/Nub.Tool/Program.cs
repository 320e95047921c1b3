using Nub.Tool.Commands;

return Tool.Create().Parse(args).Invoke();

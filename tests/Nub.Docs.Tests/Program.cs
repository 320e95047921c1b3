using System.Reflection;
using System.Runtime.Loader;

namespace Nub.Docs.Tests;

/// <summary>Runs a program of a page: in a process of its own, which has the packages where the tests have them, and may fail or crash as it likes.</summary>
internal static class Program
{
    /// <summary>The exit code of a program that threw; the exception's type and message then stand on standard error.</summary>
    public const int Threw = 3;

    private static async Task<int> Main(string[] arguments)
    {
        MethodInfo main = AssemblyLoadContext.Default.LoadFromAssemblyPath(arguments[0]).EntryPoint!;
        try
        {
            object? result = main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, main.GetParameters().Length == 0 ? [] : [arguments[1..]], null);
            return result switch
            {
                Task<int> task => await task,
                Task task => await Finish(task),
                int code => code,
                _ => 0,
            };
        }
#pragma warning disable CA1031 // Whatever a program throws is what it has to say.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            await Console.Error.WriteLineAsync($"{thrown.GetType().Name}\n{thrown.Message}");
            return Threw;
        }
    }

    private static async Task<int> Finish(Task task)
    {
        await task;
        return 0;
    }
}

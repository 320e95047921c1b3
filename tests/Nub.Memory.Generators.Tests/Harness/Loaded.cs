using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace Nub.Memory.Generators.Tests.Harness;

/// <summary>Code that was generated for, compiled without a warning, and loaded, to be run.</summary>
internal static class Loaded
{
    public static Assembly From(string source) => From(Code.Generate(Code.Compile(source)));

    public static Assembly From(CSharpCompilation compilation)
    {
        using var image = new MemoryStream();
        EmitResult result = compilation.WithAssemblyName(Code.UniqueName()).Emit(image);
        Assert.Equal("", string.Join('\n', result.Diagnostics.Where(static one => one.Severity >= DiagnosticSeverity.Warning && !Code.IsNoise(one))));
        image.Position = 0;
        return AssemblyLoadContext.Default.LoadFromStream(image);
    }

    /// <summary>Calls <c>static … Test.Run(…)</c> in the code.</summary>
    public static object? Run(string source, params object?[] arguments)
    {
        MethodInfo run = From(source).GetType("Test")!.GetMethod("Run", BindingFlags.Public | BindingFlags.Static)!;
        try
        {
            return run.Invoke(null, arguments);
        }
        catch (TargetInvocationException wrapped)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(wrapped.InnerException!).Throw();
            throw;
        }
    }

    /// <summary>Calls <c>Test.Run(HostSharedMemory)</c> with a page of zeros.</summary>
    public static object? RunOnPage(string source)
    {
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(4096).Build();
        using (host)
        using (guest)
        {
            return Run(source, host);
        }
    }
}

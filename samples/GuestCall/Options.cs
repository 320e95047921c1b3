using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace GuestCall;

/// <summary>What plays the guest.</summary>
internal enum Backend
{
    /// <summary>KVM where it can be used, otherwise a thread.</summary>
    Auto,

    /// <summary>A virtual machine, or nothing.</summary>
    Kvm,

    /// <summary>A thread.</summary>
    Thread,
}

/// <summary>What the user asks for.</summary>
internal sealed record Options(Backend Backend, int Calls)
{
    private const int DefaultCalls = 10_000;

    private static readonly Option<Backend> s_backend = new("--backend")
    {
        Description = "What plays the guest: kvm or thread. Without it: kvm where it can be used, otherwise thread.",
        HelpName = "kvm|thread",
        CustomParser = ParseBackend,
    };

    private static readonly Option<int> s_calls = new("--calls")
    {
        Description = "How many calls to make, at least 1.",
        HelpName = "N",
        CustomParser = ParseCalls,
        DefaultValueFactory = _ => DefaultCalls,
    };

    /// <summary>The command line as it is described by <c>--help</c>, around what it is to do.</summary>
    public static RootCommand Describe(Func<Options, int> run)
    {
        var command = new RootCommand("Makes verified calls into a virtual machine through shared memory, then lets the guest attack.")
        {
            s_backend,
            s_calls,
        };
        command.SetAction(parsed => run(new Options(parsed.GetValue(s_backend), parsed.GetValue(s_calls))));
        return command;
    }

    private static Backend ParseBackend(ArgumentResult result)
    {
        switch (result.Tokens[0].Value)
        {
            case "kvm":
                return Backend.Kvm;
            case "thread":
                return Backend.Thread;
            case var unknown:
                result.AddError($"--backend is kvm or thread, not '{unknown}'.");
                return default;
        }
    }

    private static int ParseCalls(ArgumentResult result)
    {
        string token = result.Tokens[0].Value;
        if (!int.TryParse(token, NumberStyles.AllowThousands | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int calls) || calls < 1)
        {
            result.AddError($"--calls is a number from 1 to {int.MaxValue}, not '{token}'.");
        }

        return calls;
    }
}

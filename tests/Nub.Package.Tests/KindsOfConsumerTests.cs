namespace Nub.Package.Tests;

/// <summary>Other projects than an application in C#: a strict library, and F#.</summary>
[Trait("Kind", "slow")]
[Collection(nameof(PackedFeed))]
public sealed class KindsOfConsumerTests(PackedFeed feed)
{
    [Fact]
    public void A_strict_library_builds_without_a_warning()
    {
        (int exitCode, string output, _) = feed.Build("StrictLibrary", """
            namespace StrictLibrary;

            using System;
            using Nub.Memory;

            /// <summary>A request on the wire.</summary>
            [AllValid]
            public partial struct Request
            {
                /// <summary>Where the bytes are.</summary>
                public ulong Address { readonly get => _address; set => _address = value; }

                /// <summary>How many there are.</summary>
                public uint Length { readonly get => _length; set => _length = value; }

                private ulong _address;
                private uint _length;
                private uint _reserved12;
            }

            /// <summary>Reads requests.</summary>
            public static class Requests
            {
                private const uint MostBytes = 512;

                /// <summary>The bytes of a request.</summary>
                /// <param name="memory">The guest's memory.</param>
                /// <param name="offset">Where the request is.</param>
                /// <returns>The bytes; none where the guest named more than are accepted, or bytes beyond the memory.</returns>
                public static byte[] Read(HostSharedMemory memory, ulong offset)
                {
                    ArgumentNullException.ThrowIfNull(memory);
                    Request request = memory.Read<Request>(offset);
                    if (request.Length > MostBytes)
                    {
                        return [];
                    }

                    byte[] bytes = new byte[request.Length];
                    return memory.TryCopyTo(request.Address, bytes) ? bytes : [];
                }
            }

            """, "Nub.Memory", properties: """
            <OutputType>Library</OutputType>
            <ImplicitUsings>disable</ImplicitUsings>
            <AllowUnsafeBlocks>false</AllowUnsafeBlocks>
            <AnalysisMode>All</AnalysisMode>
            <AnalysisLevel>latest</AnalysisLevel>
            <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
            <EnforceCodeStyleInBuild>true</EnforceCodeStyleInBuild>
            <GenerateDocumentationFile>true</GenerateDocumentationFile>
            <IsAotCompatible>true</IsAotCompatible>
            """);
        Assert.True(exitCode == 0, output);
        Assert.Contains("0 Warning(s)", output, StringComparison.Ordinal);
    }

    // No analyzer sees F#: what may not cross is refused when it is tried.
    [Fact]
    public void An_F_sharp_program_runs_and_is_refused_at_run_time_what_the_analyzers_refuse_in_C_sharp()
    {
        (int exitCode, string output, string made) = feed.Build("Fsharp", """
            open System
            open Nub.Memory

            [<EntryPoint>]
            let main _ =
                let exclusive = new ExclusiveSharedMemory(uint64 Environment.SystemPageSize)
                exclusive.WriteUInt64(0UL, 42UL)
                let struct (host, guest) = exclusive.Build()
                printfn "%d" (host.Read<uint64>(0UL))
                try
                    printfn "%b" (host.Read<bool>(0UL))
                with :? NotAllValidException as refused -> printfn "%s" refused.Message
                guest.Dispose()
                host.Dispose()
                0

            """, "Nub.Memory", items: $"<PackageReference Update=\"FSharp.Core\" Version=\"{PackedFeed.VersionOf("FSharp.Core")}\" />", language: "fs");
        Assert.True(exitCode == 0, output);
        (int result, string printed) = PackedFeed.Run(Path.Combine(made, "Fsharp.dll"));
        Assert.True(result == 0, printed);
        string[] lines = printed.ReplaceLineEndings("\n").Trim().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Equal("42", lines[0]);
        Assert.Contains("bool", lines[1], StringComparison.OrdinalIgnoreCase);
    }
}
